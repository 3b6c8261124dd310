"""A buyer as the server meets one: five requests from the event's page to the ticket, and the hosted payment."""

import re
import time
from dataclasses import dataclass

from benchmarks.load import Client
from benchmarks.stand import Stand

FIELD = re.compile(rb'<input type="number" name="([^"]+)"')
CSRF = re.compile(rb'name="csrfmiddlewaretoken" value="([^"]+)"')
REQUESTS = 5
LOOKS = 10


@dataclass(frozen=True)
class Shop:
    """An event that is on sale, and the server that sells it."""

    stand: Stand
    slug: str

    def buy(self, client: Client, number: int) -> str:
        """Buy one ticket; 'ticket' when the order page shows it, else what went wrong."""
        session = self.go_to_payment(client, number)
        if not session.startswith("cs_"):
            return session
        self.stand.control(f"checkout/{session}/pay", {"card": "4242424242424242"})
        back = client.get(f"/payment-success?session_id={session}")
        for _look in range(LOOKS):
            page = client.get(back.location)
            if b'class="qr"' in page.body:
                return "ticket"
            time.sleep(0.5)  # the page looks again by itself while a webhook is settling the same order
        return f"order page {page.status}"

    def go_to_payment(self, client: Client, number: int) -> str:
        """Up to Stripe's page; the id of its session, or the status that ended it."""
        client.cookies.clear()
        shown = FIELD.search(client.get(f"/e/{self.slug}/").body)
        assert shown
        field = shown[1].decode()
        checkout = f"/e/{self.slug}/checkout/"
        form = client.get(f"{checkout}?{field}=1")
        token = CSRF.search(form.body)
        if not token:
            return f"checkout page {form.status}"
        fields = {
            "csrfmiddlewaretoken": token[1].decode(),
            field: "1",
            "email": f"buyer{number}@example.com",
            "name": "Ada Obi",
        }
        answer = client.post_form(checkout, fields)
        if answer.status != 302:
            return f"checkout {answer.status}"
        return answer.location.rstrip("/").rpartition("/")[2].partition("?")[0]
