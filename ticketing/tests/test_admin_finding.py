"""The Django admin finds orders and what belongs to them by all that they are called."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from ledger.models import LedgerTransaction
from ticketing.models import Order, Payment, Ticket
from ticketing.services.refunds import request_refund

pytestmark = pytest.mark.django_db


def changelist(model: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def test_an_order_is_found_by_everything_that_names_it(
    desk: Client, sell: Any, general: Any, organizer: User
) -> None:
    order, other = sell((general, 2)), sell((general, 1))
    request_refund(order, actor=organizer, reason="Asked for", amount=1000, refund_application_fee=True)
    payment, refund = order.payments.get(), order.refunds.get()
    names = [
        order.code,
        order.code.lower(),
        order.tickets.first().code,
        payment.session_id,
        payment.payment_intent_id,
        payment.charge_id,
        payment.transfer_id,
        refund.code,
        refund.stripe_refund_id,
        refund.reversals.get().stripe_id,
        refund.fee_refunds.get().stripe_id,
    ]
    for name in names:
        assert list(desk.get(changelist(Order), {"q": f" {name} "}).context["cl"].result_list) == [order], (
            name
        )
    for name in (order.email, order.event.slug, order.organization.slug):
        assert {*desk.get(changelist(Order), {"q": name}).context["cl"].result_list} == {order, other}, name
    for name in ("nothing", "M-", "9" * 40, "%", order.code[:-1]):
        assert not desk.get(changelist(Order), {"q": name}).context["cl"].result_list, name
    found = desk.get(changelist(LedgerTransaction), {"q": payment.charge_id}).context["cl"].result_list
    assert {one.source for one in found} == {payment.charge_id}


def test_find_opens_the_one_thing_and_lists_the_many(
    desk: Client, sell: Any, general: Any, organizer: User
) -> None:
    order = sell((general, 1))
    assert desk.get("/staff/find/", {"q": organizer.email})["Location"] == reverse(
        "admin:accounts_user_change", args=[organizer.pk]
    )
    page = desk.get("/staff/find/", {"q": order.code}).content.decode()
    for model, row in ((Order, order), (Payment, order.payments.get()), (Ticket, order.tickets.get())):
        address = reverse(f"admin:ticketing_{model._meta.model_name}_change", args=[row.pk])
        assert address in page
    page = desk.get("/staff/find/", {"q": "<b>\x00"}).content.decode()
    assert "Nothing is called exactly “&lt;b&gt;”" in page
