"""A stand-in for Discord: REST API v10, gateway v10, and the people and servers behind them."""
