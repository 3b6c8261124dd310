"""The mails about Premium: right amounts and days, the way to act, and the same in text as in HTML."""

from collections.abc import Callable
from typing import Any

import pytest
import time_machine

from accounts.models import Entitlement, User
from accounts.premium import Benefit
from notifications.registry import Mail, render_message
from premium.models import PremiumInvoice, Subscription
from premium.services import lifecycle
from premium.wording import day_text

pytestmark = pytest.mark.django_db
BILLING = "/dashboard/settings/billing/"


def says(mail: Mail, *words: str) -> None:
    """The words stand in both parts."""
    for each in words:
        assert each in mail.text, each
        assert each in mail.html, each


def test_a_life_in_mails(
    buyer: User, subscribe: Callable[..., Subscription], advance: Callable[..., Subscription]
) -> None:
    found = subscribe(buyer)
    ids = {"subscription": found.pk}
    welcome = render_message("premium_welcome", ids)
    assert welcome.subject == "Welcome to Maly Premium"
    says(welcome, "Monthly, $29 a month", f"{day_text(found.current_period_end)}, $29.00", BILLING)
    assert all(str(benefit.label) in welcome.text for benefit in Benefit)

    receipt = render_message("premium_receipt", {"invoice": PremiumInvoice.objects.get().pk})
    assert receipt.subject == "Receipt: $29.00 for Maly Premium"
    says(receipt, "Visa ending 4242", "Monthly, $29 a month", PremiumInvoice.objects.get().number)

    found = lifecycle.cancel_at_period_end(buyer)
    end = day_text(found.current_period_end)
    cancelled = render_message("premium_canceled", {**ids, "reason": "scheduled"})
    assert cancelled.subject == f"You cancelled Premium: it lasts until {end}"
    says(cancelled, "Keep Premium", BILLING, "Nobody is removed.")
    assert "Next payment" not in cancelled.text
    assert render_message("premium_ending", ids).subject == f"Your Premium ends on {end}"

    lifecycle.resume(buyer)
    found = advance(found, payment="fails")
    invoice = PremiumInvoice.objects.latest("pk")
    failed = render_message("premium_payment_failed", {"invoice": invoice.pk, "is_last": False})
    assert failed.subject == "Your payment for Maly Premium failed: update your card"
    until = day_text(Entitlement.objects.get().until)
    says(failed, "$29.00", f"{until}", BILLING, invoice.hosted_url)
    last = render_message("premium_payment_failed", {"invoice": invoice.pk, "is_last": True})
    assert last.subject.startswith("Last reminder: ")

    with time_machine.travel(Entitlement.objects.get().until, tick=False):
        says(render_message("premium_payment_failed", {"invoice": invoice.pk}), "Premium off since", until)

    ended = render_message("premium_canceled", {**ids, "reason": "ended"})
    says(ended, "Your Premium ended on", "/premium/")
    extra: Any = render_message("premium_canceled", {**ids, "reason": "extra"})
    assert extra.subject == "You paid for Premium twice: $29.00 goes back"
