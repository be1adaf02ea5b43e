"""The places we know, and the script that gathers them."""
