"""How many SQL statements a page and a purchase take: counted in a process beside the demo, on its database.

`python -m benchmarks.statements SLUG` prints JSON. Stripe's webhooks are held at the sandbox meanwhile and handed
to the product here, so that nobody else works them off; queueing the mail is counted, sending it is not.
"""

import hashlib
import hmac
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

os.environ["DJANGO_SETTINGS_MODULE"] = "maly.settings"
os.environ["POKE_WORKERS"] = "false"

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client as Browser  # noqa: E402

from benchmarks.load import Client  # noqa: E402
from connect.tasks import process_due_events  # noqa: E402

HELD = ("checkout.session.completed", "charge.updated")


@contextmanager
def counting() -> Iterator[Callable[[], int]]:
    """Count the statements of this process; transaction control isn't among them."""
    seen = 0

    def count(execute: Callable[..., Any], *arguments: Any) -> Any:
        nonlocal seen
        seen += 1
        return execute(*arguments)

    with connection.execute_wrapper(count):
        yield lambda: seen


def control(path: str, body: Any = None) -> Any:
    client = Client(settings.STRIPE_API_BASE)
    answer = (
        client.post_json(f"/_sandbox/{path}", body) if body is not None else client.get(f"/_sandbox/{path}")
    )
    client.close()
    assert answer.status == 200, answer.body
    return answer.json()


def deliver(browser: Browser, event: dict[str, Any]) -> None:
    """Hand one event to the webhook view, signed as Stripe signs."""
    client = Client(settings.STRIPE_API_BASE)
    stored = client.get(
        f"/v1/events/{event['id']}", Authorization=f"Bearer {settings.STRIPE_SECRET_KEY}"
    ).body
    client.close()
    stamp = str(int(time.time()))
    secret = settings.STRIPE_WEBHOOK_SECRET.encode()
    digest = hmac.new(secret, stamp.encode() + b"." + stored, hashlib.sha256).hexdigest()
    headers = {"Stripe-Signature": f"t={stamp},v1={digest}"}
    answer = browser.post("/api/webhooks/stripe", stored, content_type="application/json", headers=headers)
    assert answer.status_code == 200, answer.content


def buy(browser: Browser, slug: str) -> None:
    """The five requests of a purchase, the payment, and the webhooks."""
    page = browser.get(f"/e/{slug}/").content.decode()
    field = page.partition('<input type="number" name="')[2].partition('"')[0]
    checkout = f"/e/{slug}/checkout/"
    browser.get(checkout, {field: 1})
    answer = browser.post(checkout, {field: 1, "email": "counted@example.com", "name": "Ada Obi"})
    session = urlsplit(answer["Location"]).path.rpartition("/")[2]
    control(f"checkout/{session}/pay", {"card": "4242424242424242"})
    back = browser.get(f"/payment-success?session_id={session}")
    assert b'class="qr"' in browser.get(back["Location"]).content
    for event in control("events")[-12:]:
        if event["type"] in HELD:
            deliver(browser, event)
    process_due_events()


def main(slug: str) -> None:
    browser = Browser(headers={"host": urlsplit(settings.SITE_URL).netloc})
    browser.get(f"/e/{slug}/")
    with counting() as page:
        browser.get(f"/e/{slug}/")
    control("delivery", {"mode": "hold"})
    try:
        with counting() as purchase:
            buy(browser, slug)
    finally:
        control("delivery", {"mode": "normal"})
        control("delivery/release", {})
    sys.stdout.write(json.dumps({"page": page(), "purchase": purchase()}))


if __name__ == "__main__":
    main(sys.argv[1])
