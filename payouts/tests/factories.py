"""Rows of payouts as Stripe would have made them."""

from typing import Any

import factory
from django.utils import timezone

from connect.models import ConnectedAccount
from payouts.models import OrganizerPayout, PayoutStatus


class ConnectedAccountFactory(factory.django.DjangoModelFactory[ConnectedAccount]):
    """An account that isn't the current one, so that it changes nothing about its organization."""

    class Meta:
        model = ConnectedAccount

    is_current = False
    creation_key = factory.Sequence("account-factory-{}".format)
    stripe_account_id = factory.Sequence("acct_1Factory{:08}".format)
    organization = factory.SubFactory("accounts.tests.factories.OrganizationFactory")


class OrganizerPayoutFactory(factory.django.DjangoModelFactory[OrganizerPayout]):
    """$10.00 that have arrived."""

    class Meta:
        model = OrganizerPayout

    connected_account = factory.SubFactory(ConnectedAccountFactory)
    organization: Any = factory.SelfAttribute("connected_account.organization")
    stripe_payout_id = factory.Sequence("po_1Factory{:08}".format)
    amount = 1000
    currency = "usd"
    status = PayoutStatus.PAID
    automatic = True
    bank_last4 = "6789"
    created_at = factory.LazyFunction(timezone.now)
    arrival_date = factory.SelfAttribute("created_at")
