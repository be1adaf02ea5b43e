"""Alembic migrations, in the package so that every installation has them."""
