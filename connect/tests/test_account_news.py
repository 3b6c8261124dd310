"""Which changes of a Stripe account are news."""

from itertools import product

from connect.models import AccountState
from connect.services.account_news import news_of

S = AccountState
RESTRICTED = {
    # Whatever it was before, it may not sell and Stripe says why.
    *product(S, (S.RESTRICTED, S.REJECTED)),
    (S.READY, S.DUE_SOON),
    (S.READY, S.UNDER_REVIEW),
    (S.DUE_SOON, S.UNDER_REVIEW),
} - {(S.RESTRICTED, S.RESTRICTED), (S.REJECTED, S.REJECTED)}
CONNECTED = set(product(set(S) - {S.READY, S.DUE_SOON}, (S.READY, S.DUE_SOON)))


def test_each_change_of_state_is_told_as_what_it_is_or_not_at_all() -> None:
    told = {change: news_of(*change) for change in product(S, S)}
    assert {change for change, kind in told.items() if kind == "stripe_restricted"} == RESTRICTED
    assert {change for change, kind in told.items() if kind == "stripe_connected"} == CONNECTED
