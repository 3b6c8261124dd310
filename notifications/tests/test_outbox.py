"""The outbox: a message is sent once, and not lost."""

import dataclasses
from collections import Counter
from collections.abc import Iterator

import pytest
from django.core import mail

from accounts.models import AuditEntry
from maly.crash import install_hook
from notifications import registry
from notifications.models import DeliveryEvent, MailboxMail, Message
from notifications.registry import Attachment, Mail, message
from notifications.services.outbox import enqueue, enqueue_all, readdress
from notifications.services.sending import claim_due_messages, send_claimed
from notifications.tasks import send_due_messages

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _kinds() -> Iterator[None]:
    @message("test_greeting")
    def greeting(ids: dict) -> Mail:
        picture = Attachment("qr.png", "image/png", b"\x89PNG", "qr-1")
        return Mail(f"Hello {ids['who']}", "Hello.", "<p>Hello <img src='cid:qr-1'></p>", [picture])

    @message("test_broken")
    def broken(ids: dict) -> Mail:
        raise ValueError("no such order")

    yield
    registry._renderers.pop("test_greeting")
    registry._renderers.pop("test_broken")


def test_a_queued_message_is_sent_with_its_html_and_attachment(settings):
    enqueue("test_greeting", key="greeting:1", to="ada@example.com", ids={"who": "Ada"})
    assert send_due_messages() == 1
    sent = mail.outbox[0]
    assert (sent.to, sent.subject, sent.extra_headers["X-Maly-Kind"]) == (
        ["ada@example.com"],
        "Hello Ada",
        "test_greeting",
    )
    assert "Content-ID: <qr-1>" in sent.message().as_string()
    assert Message.objects.get().state == "sent"


def test_the_same_key_is_queued_once():
    for who in ("Ada", "Bob"):
        enqueue("test_greeting", key="greeting:1", to="ada@example.com", ids={"who": who})
    send_due_messages()
    send_due_messages()
    assert [sent.subject for sent in mail.outbox] == ["Hello Ada"]


def test_a_claimed_message_is_not_claimed_again():
    enqueue("test_greeting", key="greeting:1", to="ada@example.com", ids={"who": "Ada"})
    assert len(claim_due_messages().leases) == 1
    assert claim_due_messages().leases == {}


def test_a_failure_is_remembered_and_retried_later():
    enqueue("test_broken", key="broken:1", to="ada@example.com", ids={})
    assert send_due_messages() >= 1
    row = Message.objects.get()
    assert (row.state, row.lease_until, row.error) == ("queued", None, "ValueError: no such order")
    assert row.due_at > row.created_at


def test_a_message_that_keeps_failing_is_given_up_and_shown():
    enqueue("test_broken", key="broken:1", to="ada@example.com", ids={})
    Message.objects.update(attempts=11)
    send_due_messages()
    assert Message.objects.get().state == "dead"


def test_a_message_over_which_every_worker_dies_is_given_up():
    enqueue("test_greeting", key="greeting:1", to="ada@example.com", ids={"who": "Ada"})
    Message.objects.update(attempts=36)
    send_due_messages()
    assert Message.objects.get().state == "dead"
    assert mail.outbox == []


def test_staff_see_what_was_given_up_and_send_it_again_under_the_same_message_id(client, staff, act):
    enqueue("test_greeting", key="greeting:1", to="ada@example.com", ids={"who": "Ada"})
    send_due_messages()
    row = Message.objects.get()
    enqueue("test_greeting", key="greeting:2", to="bob@example.com", ids={"who": "Bob"})  # waits by itself
    Message.objects.filter(pk=row.pk).update(state="dead", error="SMTPServerDisconnected: gone")
    DeliveryEvent.objects.create(message=row, event_id="1", delivery="bounced", occurred_at=row.created_at)
    client.force_login(staff)
    path = "/staff/notifications/message/"
    assert b"SMTPServerDisconnected" in client.get(path).content
    assert b"Not delivered" in client.get(f"{path}{row.pk}/change/").content
    assert "is queued again." in act("send_again", *Message.objects.all())
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor_kind, entry.reason) == ("message.sent_again", "staff", "Because")
    send_due_messages()
    greetings = [sent.extra_headers["Message-ID"] for sent in mail.outbox if sent.to == ["ada@example.com"]]
    assert len(greetings) == 2
    assert len(set(greetings)) == 1


def test_a_worker_killed_after_sending_repeats_the_same_message_id():
    def die(name: str) -> None:
        if name == "message.sent":
            raise KeyboardInterrupt

    enqueue("test_greeting", key="greeting:1", to="ada@example.com", ids={"who": "Ada"})
    install_hook(die)
    with pytest.raises(KeyboardInterrupt):
        send_due_messages()
    install_hook(None)
    Message.objects.update(lease_until=None)
    send_due_messages()
    first, second = (sent.extra_headers["Message-ID"] for sent in mail.outbox)
    assert first == second


def test_a_worker_killed_fifty_times_among_a_thousand_messages_loses_none_and_repeats_the_same_mail():
    kills = steps = 0

    def die(name: str) -> None:
        nonlocal steps
        steps += 1
        # Before a mail and after one, in turn.
        if steps >= 38 and name == ("message.sent", "message.before_send")[kills % 2]:
            steps = 0
            raise KeyboardInterrupt

    enqueue_all(
        Message(kind="test_greeting", key=f"greeting:{n}", to=f"{n}@example.com", ids={"who": "Ada"})
        for n in range(1000)
    )
    install_hook(die)
    while Message.objects.filter(state="queued").exists():
        try:
            send_due_messages()
        except KeyboardInterrupt:
            kills += 1
            Message.objects.exclude(lease_until=None).update(lease_until=None)  # two minutes later
    install_hook(None)
    assert kills >= 50
    received = Counter((sent.to[0], sent.extra_headers["Message-ID"]) for sent in mail.outbox)
    assert len(received) == len({to for to, _id in received}) == 1000
    assert 0 < sum(received.values()) - 1000 <= kills // 2 + 1


def test_a_lease_that_another_worker_has_by_now_is_left_alone():
    enqueue("test_greeting", key="greeting:1", to="ada@example.com", ids={"who": "Ada"})
    slow = claim_due_messages()
    Message.objects.update(lease_until=None)
    send_due_messages()
    Message.objects.update(state="queued", lease_until=None)
    claim_due_messages()  # a third one has it now
    send_claimed(slow)
    assert len(mail.outbox) == 1
    late = dataclasses.replace(slow, begin_by=0.0)
    send_claimed(late)
    assert len(mail.outbox) == 1
    assert Message.objects.exclude(lease_until=None).exists()  # still the third one's


def test_what_a_slow_mail_server_left_no_time_for_is_given_back_untried():
    enqueue("test_greeting", key="greeting:1", to="ada@example.com", ids={"who": "Ada"})
    for _hour in range(2):
        send_claimed(dataclasses.replace(claim_due_messages(), begin_by=0.0))
    row = Message.objects.get()
    assert (row.attempts, row.lease_until, mail.outbox) == (0, None, [])
    assert send_due_messages() == 1


def test_a_mail_that_was_readdressed_while_it_was_rendered_goes_to_the_new_address():
    @message("test_greeting")
    def greeting(ids: dict) -> Mail:
        readdress(keys=["greeting:1"], was="ada@example.com", to="bob@example.com")
        return Mail("Hello", "The new key.")

    enqueue("test_greeting", key="greeting:1", to="ada@example.com", ids={})
    send_due_messages()
    assert [sent.to for sent in mail.outbox] == [["bob@example.com"]]


def test_the_mailbox_shows_what_was_sent_and_only_in_the_demo(client, settings):
    settings.EMAIL_BACKEND = "notifications.mailbox.MailboxBackend"
    enqueue("test_greeting", key="greeting:1", to="ada@example.com", ids={"who": "Ada"})
    send_due_messages()
    kept = client.get("/dev/mailbox.json").json()
    assert [(m["to"], m["kind"], m["text"]) for m in kept] == [
        (["ada@example.com"], "test_greeting", "Hello.")
    ]
    mail_id = MailboxMail.objects.get().pk
    assert b"Hello Ada" in client.get("/dev/mailbox/").content
    assert b"Hello Ada" in client.get(f"/dev/mailbox/{mail_id}/").content
    assert (
        f"/dev/mailbox/{mail_id}/attachments/0/".encode()
        in client.get(f"/dev/mailbox/{mail_id}/html/").content
    )
    assert client.get(f"/dev/mailbox/{mail_id}/attachments/0/").content == b"\x89PNG"
    assert client.get(f"/dev/mailbox/{mail_id}/attachments/1/").status_code == 404
    settings.SHOW_MAILBOX = False
    for path in ("/dev/mailbox/", "/dev/mailbox.json", f"/dev/mailbox/{mail_id}/"):
        assert client.get(path).status_code == 404
