"""The places we know, as a file that `build` writes."""
