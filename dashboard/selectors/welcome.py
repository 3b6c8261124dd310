"""The first choice of somebody new: to sell alone or as a team, and what either costs."""

from django.utils.translation import gettext as _

from accounts.models import Organization
from connect.errors import CurrencyNotSupported
from connect.selectors import get_terms
from connect.services.fees import FeeTermsInForce, rate_text
from maly.money import format_amount

DOLLARS = "usd"


def fees_of_kinds() -> dict[str, str]:
    """What a new organization of each kind pays, in words; empty where its plan has no dollars. Two queries."""
    return {kind: _fees_of(Organization(kind=kind)) for kind in Organization.Kind.values}


def _fees_of(organization: Organization) -> str:
    try:
        terms = get_terms(organization, DOLLARS)
    except CurrencyNotSupported:
        return ""
    return _rate_in_words(terms)


def _rate_in_words(terms: FeeTermsInForce) -> str:
    rate = {
        "percent": rate_text(terms.percent),
        "fixed": format_amount(terms.fixed_amount, terms.currency),
    }
    if not terms.fixed_amount:
        words = _("%(percent)s%% of each paid ticket") % rate
    else:
        words = _("%(percent)s%% + %(fixed)s per paid ticket") % rate
    return _("%(rate)s, and card processing") % {"rate": words} if terms.recovers_processing else words
