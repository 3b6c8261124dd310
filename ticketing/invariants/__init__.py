"""What must be true of stock, orders, payments and tickets. Numbers as in the platform's list of invariants.

An incremental run looks at orders and ticket types that a transaction has written to since the last clean mark, by the
rows' own `xmin`; what depends on the clock is looked at every time.
"""

# The relations first: the others read them.
from ticketing.invariants import relations, expectations  # isort: skip
from ticketing.invariants import balances, door, mails, money, orders, postings, stock

__all__ = ["balances", "door", "expectations", "mails", "money", "orders", "postings", "relations", "stock"]
