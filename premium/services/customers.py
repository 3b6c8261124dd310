"""People as Stripe's customers. The customer's row is locked by whoever writes anything of a person's Premium."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from connect import billing_calls
from connect.errors import GatewayRefused, GatewayUnavailable
from connect.refund_calls import KEY_IS_KNOWN_FOR
from maly.codes import make_key
from maly.crash import crash_point
from premium.models import Customer


def ensure_customer(user: User) -> Customer:
    """The person's customer, made at Stripe on first use. Repeating it finds the same one. Raises GatewayError."""
    customer = _claim(user)
    if customer.failure:
        customer = _begin_anew(customer)  # with what is known of the person now
    return customer if customer.stripe_customer_id else create_at_stripe(customer)


def create_at_stripe(customer: Customer) -> Customer:
    """Make (or find) the customer of an intent row under its key and record it; every repetition finds the same one.

    A refusal ends the attempt: the next one has a new key. Raises GatewayError.
    """
    try:
        made = _make_or_find(customer)
    except GatewayRefused as error:
        _begin_anew(customer, failure=error.message)
        raise
    except GatewayUnavailable:
        # Another request with the same key may have had the answer meanwhile.
        customer.refresh_from_db()
        if customer.stripe_customer_id is None:
            raise
        return customer
    if made is None:
        customer = _begin_anew(customer)
        made = billing_calls.create_customer(customer.parameters, idempotency_key=customer.idempotency_key)
    crash_point("premium_customer.created")
    unknown = Customer.objects.filter(pk=customer.pk, stripe_customer_id=None)
    unknown.update(stripe_customer_id=made, failure="")
    customer.refresh_from_db()
    return customer


def forget_customer(customer: Customer, *, reason: str) -> None:
    """Let go of a customer that was deleted at Stripe: the person's next attempt makes another."""
    known = Customer.objects.filter(pk=customer.pk, stripe_customer_id=customer.stripe_customer_id)
    with transaction.atomic():
        if known.update(stripe_customer_id=None):
            _begin_anew(customer, failure=reason)


def lock_customer(stripe_customer_id: str) -> Customer | None:
    """Hold the row of one of Stripe's customers until the transaction ends; None for one that isn't ours."""
    locked = Customer.objects.select_for_update(of=("self",)).select_related("user")
    return locked.filter(stripe_customer_id=stripe_customer_id).first() if stripe_customer_id else None


def _claim(user: User) -> Customer:
    known = Customer.objects.filter(user=user).first()
    if known is not None:
        return known
    customer, _made = Customer.objects.get_or_create(user=user, defaults=_fresh(user))
    crash_point("premium_customer.requested")
    return customer


def _fresh(user: User) -> dict[str, object]:
    key = f"customer-{make_key()}"
    parameters = {
        "email": user.email,
        **({"name": user.name} if user.name else {}),
        "metadata": {"request": key, "user_id": str(user.pk)},
    }
    return {"idempotency_key": key, "parameters": parameters, "requested_at": timezone.now()}


def _make_or_find(customer: Customer) -> str | None:
    if customer.requested_at > timezone.now() - KEY_IS_KNOWN_FOR:
        key = customer.idempotency_key
        return billing_calls.create_customer(customer.parameters, idempotency_key=key)
    return billing_calls.find_customer(
        customer.parameters["email"],
        request=customer.idempotency_key,
        created_after=customer.requested_at - timedelta(minutes=5),
    )


def _begin_anew(customer: Customer, *, failure: str = "") -> Customer:
    """Give an intent that came to nothing a new key, unless somebody else has done so, or has found the answer."""
    with transaction.atomic():
        locked = Customer.objects.select_for_update(of=("self",)).select_related("user").get(pk=customer.pk)
        if locked.stripe_customer_id is None and locked.idempotency_key == customer.idempotency_key:
            for name, value in _fresh(locked.user).items():
                setattr(locked, name, value)
            locked.failure = failure[:200]
            locked.save()
    return locked
