"""What a wish may ask for: `FILTERS` is the one table.

Adding an entry adds it to matching, the query language, options and help.
"""

from notifier.domain.filters.filter import MOST_TERMS, STRICT, UNSTATED, Choice, Filter, Met, Terms
from notifier.domain.filters.prepared import Prepared
from notifier.domain.filters.wish import FILTERS, CompiledWish, Wish

__all__ = [
    "FILTERS",
    "MOST_TERMS",
    "STRICT",
    "UNSTATED",
    "Choice",
    "CompiledWish",
    "Filter",
    "Met",
    "Prepared",
    "Terms",
    "Wish",
]
