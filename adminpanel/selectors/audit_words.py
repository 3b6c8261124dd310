"""What the audit log keeps as names and values, in words: actions, and before beside after."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from connect.models import mask_account_id
from maly.money import CURRENCIES, format_amount
from maly.templatetags.maly import event_time

# Whole ones only: what is masked already goes on with an ellipsis.
ACCOUNT_ID = re.compile(r"acct_\w+\b(?!…)")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")
# A value of ours or Stripe's, such as awaiting_payment.
NAME = re.compile(r"[a-z]+(_[a-z]+)*")
LONGEST_VALUE = 200
# Where the name itself, spaced out, would mislead or be hard to read.
ACTIONS: dict[str, Promise] = {
    "fees.override_set": gettext_lazy("Own rate set"),
    "fees.override_removed": gettext_lazy("Returned to the plan's rate"),
    "fees.plan_terms_set": gettext_lazy("New terms of a plan"),
    "fees.plan_assigned": gettext_lazy("Moved to another plan"),
    "fees.absorption_set": gettext_lazy("Chose who pays the fees"),
    "organization.flagged": gettext_lazy("Flagged, sales stopped"),
    "organization.unflagged": gettext_lazy("Flag taken back"),
    "connect.account_changed": gettext_lazy("Stripe account changed"),
    "connect.link_created": gettext_lazy("Went to Stripe's onboarding"),
    "connect.dashboard_opened": gettext_lazy("Opened the Stripe dashboard"),
    "payouts.schedule_set": gettext_lazy("Payout schedule set"),
}
FIELDS: dict[str, Promise] = {
    "percent": gettext_lazy("Percent"),
    "fixed_amount": gettext_lazy("Per ticket"),
    "effective_from": gettext_lazy("Starts"),
    "is_override": gettext_lazy("Own rate"),
    "is_flagged": gettext_lazy("Flagged"),
    "processing_paid_by": gettext_lazy("Stripe's fee paid by"),
    "refunds_platform_fee": gettext_lazy("Fee goes back with refunds"),
    "fee_absorption": gettext_lazy("Fees paid by"),
}
VALUES: dict[str, Promise] = {
    "absorb": gettext_lazy("the organizer"),
    "pass_to_buyer": gettext_lazy("the buyer"),
}


@dataclass(frozen=True)
class Difference:
    """One field of an entry: what it was, and what it is."""

    name: str
    before: str
    after: str

    @property
    def is_changed(self) -> bool:
        return self.before != self.after


def action_in_words(action: str) -> str:
    """An action for people: its own words, or its name spaced out, such as "Order: paid"."""
    if action in ACTIONS:
        return str(ACTIONS[action])
    noun, _dot, verb = action.replace("_", " ").partition(".")
    return f"{noun.capitalize()}: {verb}" if verb else noun.capitalize()


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """Before beside after, field by field, in words; the currency counts for the amounts beside it."""
    names = dict.fromkeys((*before, *after))
    return [
        Difference(_name(name), _words(name, before), _words(name, after))
        for name in names
        if name != "currency" or not _amounts(names)
    ]


def masked(text: str) -> str:
    """The text with every connected account's id as a client may see it."""
    return ACCOUNT_ID.sub(lambda found: mask_account_id(found[0]), text)


def values_of(values: Mapping[str, Any]) -> str:
    """A side of an entry as machines read it; empty for nothing."""
    return masked(json.dumps(values, ensure_ascii=False, sort_keys=True)) if values else ""


def _name(name: str) -> str:
    known = FIELDS.get(name)
    return str(known) if known else name.replace("_", " ").capitalize()


def _words(name: str, values: Mapping[str, Any]) -> str:
    value = values.get(name)
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    currency = values.get("currency")
    if name.endswith("amount") and isinstance(value, int) and currency in CURRENCIES:
        return format_amount(value, currency)
    if isinstance(value, str):
        return _text(name, value)
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)
    return masked(text)[:LONGEST_VALUE]


def _text(name: str, value: str) -> str:
    if name == "percent":
        return f"{value} %"
    if name == "currency":
        return value.upper()
    if NAME.fullmatch(value) and value not in VALUES:
        return value.replace("_", " ").capitalize()
    if MOMENT.match(value):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return value[:LONGEST_VALUE]
        return event_time(moment, "UTC") if moment.tzinfo else value
    return str(VALUES.get(value, masked(value)))[:LONGEST_VALUE]


def _amounts(names: Mapping[str, None]) -> bool:
    return any(name.endswith("amount") for name in names)
