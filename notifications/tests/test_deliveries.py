"""What a mail provider says of a mail after it took it: authenticated, kept once, in whatever order it comes."""

import base64
import json
from collections.abc import Callable
from itertools import permutations
from typing import Any

import pytest
from django.core.mail import get_connection
from django.http import HttpResponse
from django.test import Client

from maly.mail_url import PROVIDERS, BadMailUrl, mail_settings
from notifications.models import DeliveryEvent, Message
from notifications.registry import Attachment, Mail
from notifications.services.deliveries import tracking_view
from notifications.services.sending import build_email

pytestmark = pytest.mark.django_db
PATH = "/api/webhooks/mail"


@pytest.fixture
def postmark(settings: Any) -> Callable[..., HttpResponse]:
    """Postmark posts what it heard of mail 0a1b; `auth` is what it authenticates itself by."""
    for name, value in mail_settings("postmark://token@").items():
        setattr(settings, name, value)
    settings.ANYMAIL["WEBHOOK_SECRET"] = "hook:secret"

    def post(event: dict[str, Any], *, auth: str = "hook:secret") -> HttpResponse:
        code = base64.b64encode(auth.encode()).decode()
        client = Client(headers={"authorization": f"Basic {code}"})
        return client.post(PATH, json.dumps(event), content_type="application/json")

    return post


@pytest.fixture
def sent(db: None) -> Message:
    return Message.objects.create(
        key="ticket_confirmation:M-1",
        kind="ticket_confirmation",
        to="ada@example.com",
        state="sent",
        provider_id="0a1b",
    )


def heard(kind: str, at: str, **more: Any) -> dict[str, Any]:
    times = {"DeliveredAt": at, "BouncedAt": at}
    return {"RecordType": kind, "MessageID": "0a1b", "Recipient": "ada@example.com", **times, **more}


DELAYED = heard("Bounce", "2026-11-22T10:00:00Z", Type="Transient", ID=1, Description="Busy")
DELIVERED = heard("Delivery", "2026-11-22T10:05:00Z")
BOUNCED = heard("Bounce", "2026-11-22T10:09:00Z", Type="HardBounce", ID=2, Description="No such mailbox")
SPAM = heard("SpamComplaint", "2026-11-22T10:07:00Z", Type="SpamComplaint", ID=3)


@pytest.mark.parametrize(
    ("events", "outcome"),
    [([DELAYED], "delayed"), ([DELAYED, DELIVERED], "delivered"), ([DELAYED, DELIVERED, BOUNCED], "bounced"),
     ([DELIVERED, SPAM, BOUNCED], "complained")],
)  # fmt: skip
def test_whatever_the_order_and_however_often_the_outcome_is_the_same(
    postmark: Callable[..., HttpResponse], sent: Message, events: list[dict[str, Any]], outcome: str
) -> None:
    for order in permutations(events):
        DeliveryEvent.objects.all().delete()
        Message.objects.update(delivery="", delivery_at=None)
        for event in [*order, *order]:
            assert postmark(event).status_code == 200
        sent.refresh_from_db()
        assert (sent.delivery, sent.delivery_events.count()) == (outcome, len(events))


def test_a_mail_whose_provider_id_was_never_kept_is_known_by_our_own(
    postmark: Callable[..., HttpResponse], sent: Message
) -> None:
    Message.objects.update(provider_id="")
    postmark(BOUNCED | {"Metadata": {"message": str(sent.pk)}})
    sent.refresh_from_db()
    assert sent.delivery == "bounced"
    for strange in ("x", "9" * 30, "-1", "", "²", "\x00"):
        assert postmark(DELIVERED | {"Metadata": {"message": strange}}).status_code == 200
    assert DeliveryEvent.objects.count() == 1


@pytest.mark.parametrize("bad", ["\x00", "\ud800"])
def test_what_a_database_cant_hold_is_left_out_of_what_is_said(
    postmark: Callable[..., HttpResponse], sent: Message, bad: str
) -> None:
    assert postmark(BOUNCED | {"ID": f"7{bad}", "Description": f"No such{bad} mailbox"}).status_code == 200
    assert postmark(BOUNCED | {"MessageID": f"0a1c{bad}"}).status_code == 200
    told = DeliveryEvent.objects.get()
    assert (told.event_id, told.detail) == ("7", "No such mailbox")


def test_strangers_opens_and_nonsense_change_nothing(
    postmark: Callable[..., HttpResponse], sent: Message, settings: Any
) -> None:
    refused = postmark(BOUNCED, auth="hook:guess")
    # Amazon SNS keeps its password to itself until it is asked for one.
    assert (refused.status_code, refused["WWW-Authenticate"]) == (401, 'Basic realm="mail"')
    assert postmark(heard("Open", "2026-11-22T10:05:00Z")).status_code == 200
    for nonsense in ("", "[]", "{", '{"RecordType": 7}', "null"):
        client = Client(headers={"authorization": f"Basic {base64.b64encode(b'hook:secret').decode()}"})
        assert client.post(PATH, nonsense, content_type="application/json").status_code in (200, 400), (
            nonsense
        )
    assert not DeliveryEvent.objects.exists()
    settings.ANYMAIL = {}
    assert postmark(BOUNCED).status_code == 400  # without a secret nobody is believed
    assert Client().get(PATH).status_code == 405


@pytest.mark.parametrize(
    ("url", "backend"),
    [
        ("smtp+tls://ada:s%40fe@mail.example.org:587", "django.core.mail.backends.smtp.EmailBackend"),
        ("ses://key:secret@eu-west-1", "anymail.backends.amazon_ses.EmailBackend"),
        ("mailgun://key@mg.example.com?region=eu&signing=abc", "anymail.backends.mailgun.EmailBackend"),
        ("resend://key@", "anymail.backends.resend.EmailBackend"),
        ("consolemail://", "django.core.mail.backends.console.EmailBackend"),
    ],
)
def test_one_url_chooses_who_carries_the_mail(url: str, backend: str) -> None:
    assert mail_settings(url)["EMAIL_BACKEND"] == backend


@pytest.mark.parametrize("scheme", sorted(set(PROVIDERS) - {"ses"}))  # whose SDK is an extra
def test_each_provider_takes_our_mail_as_it_is(settings: Any, scheme: str) -> None:
    for name, value in mail_settings(f"{scheme}://key:secret@mg.example.com").items():
        setattr(settings, name, value)
    files = [
        Attachment("ticket-1.png", "image/png", b"\x89PNG", "ticket-1"),
        Attachment("night-market.ics", "text/calendar", "BEGIN:VCALENDAR é".encode()),
        Attachment("tickets-M-1.pdf", "application/pdf", b"%PDF"),
    ]
    mail = Mail(
        "Hello", "Hello.", "<p>Hello</p>", files, "host@example.com", "https://example.com/unsubscribe/1/"
    )
    email = build_email(Message(pk=7, key="greeting:1", kind="greeting", to="ada@example.com"), mail)
    settings.ANYMAIL["WEBHOOK_SECRET"] = "hook:secret"
    assert tracking_view() is not None
    carrier: Any = get_connection()
    payload = carrier.build_message_payload(email, carrier.send_defaults)
    sent = str(payload.serialize_data())
    for part in ("ada@example.com", "host@example.com", "List-Unsubscribe", "night-market.ics"):
        assert part in sent or part in str(payload.get_request_params("https://example.com/")), part


@pytest.mark.parametrize("url", ["", "postmark://", "pigeon://coop", "smtp://", "mail.example.org"])
def test_a_url_by_which_nothing_could_be_sent_is_refused(url: str) -> None:
    with pytest.raises(BadMailUrl):
        mail_settings(url)
