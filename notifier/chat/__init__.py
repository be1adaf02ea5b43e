"""The platforms: each renders documents its own way and says what became of them."""
