"""A self-hosted bot that tells subscribers about each new job that fits them."""

__version__ = "0.1.0"
