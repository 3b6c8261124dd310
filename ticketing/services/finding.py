"""Finding one's tickets again without an account: a link by mail shows the orders of the address that it came to."""

import hashlib

from django.core import signing
from django.db import transaction
from django.utils import timezone

from notifications.services.outbox import enqueue
from ticketing.errors import LinkExpired
from ticketing.models import Order
from ticketing.services.orders import TICKETED

LINK_MINUTES = 15
# Asked for again within this time, it is the same mail.
ONE_MAIL_SECONDS = 300
_SALT = "ticketing.finding"


def send_link(email: str) -> None:
    """Mail a link to the address's orders, if it has any; the caller can't tell, and mustn't."""
    email = email.strip().lower()
    window = int(timezone.now().timestamp()) // ONE_MAIL_SECONDS
    digest = hashlib.sha256(f"{email}:{window}".encode()).hexdigest()[:24]
    with transaction.atomic():
        if Order.objects.filter(email=email, status__in=TICKETED).exists():
            enqueue("find_tickets", key=f"find_tickets:{digest}", to=email, ids={"email": email})


def make_link_token(email: str) -> str:
    """What a link carries; made when its mail is sent, so that a late mail has a link that works."""
    return signing.dumps(email, salt=_SALT)


def read_link_token(token: str) -> str:
    """The address that a link was sent to; raises LinkExpired after 15 minutes, and for what we never sent."""
    try:
        return str(signing.loads(token, salt=_SALT, max_age=LINK_MINUTES * 60))
    except signing.BadSignature:
        raise LinkExpired from None
