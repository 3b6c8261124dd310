"""What must be true of stock, orders, payments and tickets. Numbers as in the platform's list of invariants.

An incremental run looks at orders and ticket types that a transaction has written to since the last clean mark, by the
rows' own `xmin`; what depends on the clock is looked at every time.
"""

# The relations first: the others read them.
from ticketing.invariants import relations  # isort: skip
from ticketing.invariants import money, orders, stock

__all__ = ["money", "orders", "relations", "stock"]
