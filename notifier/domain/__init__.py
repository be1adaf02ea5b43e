"""What a job is, what a wish is and when something is due: standard library and package data only."""
