"""Operations: what is wrong is said with what to do; what was given up is handled again, let rest, or sent again."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import AuditEntry, User
from accounts.tests.factories import PASSWORD
from adminpanel.models import RevenueMark, SweepRun
from adminpanel.selectors.operations import read_operations
from adminpanel.selectors.operations_sweeps import read_processes, schedule
from adminpanel.services.sweeps import BEAT
from connect.models import StripeEvent
from connect.services import inbox
from connect.tests.webhook_calls import PLATFORM, deliver, make_event
from ledger.chart import platform, revenue_platform_fee
from ledger.models import LedgerViolation
from ledger.services.posting import credit, debit, post
from notifications.models import Message

pytestmark = pytest.mark.django_db
PAGE = "/admin/operations/"
LONG_AGO = timedelta(days=2)


@pytest.fixture
def running() -> None:
    """Everything has just run, by a beat that runs for a while."""
    for name in schedule():
        ran(name)
    ran(BEAT, started_at=timezone.now() - timedelta(hours=1))


def ran(name: str, ago: timedelta = timedelta(), **more: Any) -> None:
    at = timezone.now() - ago
    times = {"started_at": at, "finished_at": at, "succeeded_at": at}
    SweepRun.objects.update_or_create(name=name, defaults=times | more)


@pytest.fixture
def admin(staff: User) -> Client:
    """Staff, who have given their password a moment ago."""
    client = Client()
    client.force_login(staff)
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    return client


def dead(event_id: str = "evt_1", type_: str = "charge.updated", **more: Any) -> StripeEvent:
    assert deliver(make_event(type_, account=None, id=event_id), path=PLATFORM).status_code == 200
    given = {"status": "dead", "attempts": 12, "error": "GatewayUnavailable: no answer", **more}
    StripeEvent.objects.filter(event_id=event_id).update(**given)
    return StripeEvent.objects.get(event_id=event_id)


def given_up(key: str = "ticket_confirmation:M-1", **more: Any) -> Message:
    kind = key.partition(":")[0]
    given = {"kind": kind, "to": "ada@example.com", "state": "dead", "error": "SMTPDataError: 550", **more}
    return Message.objects.create(key=key, **given)


def test_nothing_is_wrong_where_everything_runs(admin: Client, running: None) -> None:
    page = admin.get(PAGE).content.decode()
    assert "Everything runs" in page
    assert "Alive" in page


def waiting_event() -> None:
    dead(status="received", attempts=0, due_at=timezone.now() - timedelta(minutes=5))


def waiting_message() -> None:
    given_up(state="queued", due_at=timezone.now() - timedelta(hours=1))


def broken_rule() -> None:
    LedgerViolation.objects.create(code="I05", subject="order:M-1", detail="1", needs_full=False)


def old_revenue() -> None:
    zeros = dict.fromkeys(("xact_id", "last_id", "restored_id", "milliseconds"), 0)
    at = timezone.now() - LONG_AGO
    RevenueMark.objects.create(id=1, zone="UTC", tickets_before=at, refreshed_at=at, **zeros)


@pytest.mark.parametrize(
    ("wrong", "title"),
    [
        (lambda: SweepRun.objects.all().delete(), "Beat is silent"),
        (lambda: ran(BEAT, timedelta(minutes=2)), "Beat is silent"),
        (lambda: SweepRun.objects.exclude(name=BEAT).delete(), "No worker answers"),
        (lambda: ran("expire-holds", error="ValueError", failures=2), "A sweep keeps failing"),
        (lambda: ran("expire-holds", timedelta(minutes=9)), "A sweep is overdue"),
        (lambda: ran("verify-books", LONG_AGO), "A sweep is overdue"),
        (waiting_event, "Stripe’s events wait"),
        (dead, "An event was given up"),
        (waiting_message, "Messages wait"),
        (given_up, "A message was given up"),
        (broken_rule, "A rule of the books is broken"),
        (old_revenue, "Revenue isn’t refreshed"),
    ],
)
def test_what_is_wrong_is_said_alone(running: None, wrong: Callable[[], Any], title: str) -> None:
    wrong()
    assert [problem.title for problem in read_operations().problems] == [title]


@pytest.mark.broken_books("a posting without a sale")
def test_books_that_nobody_proves_seals_or_compares_are_told_once_there_are_any(running: None) -> None:
    lines = [debit(platform(), 100), credit(revenue_platform_fee(), 100)]
    post("sale", source="ch_1", currency="usd", occurred_at=timezone.now(), lines=lines)
    assert read_operations().problems == []
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("UPDATE ledger_ledgertransaction SET posted_at = now() - interval '1 day'")
    titles = [problem.title for problem in read_operations().problems]
    assert titles == [
        "The books aren’t proved any more",
        "The ledger isn’t sealed",
        "Stripe and the books aren’t compared",
    ]


@pytest.mark.parametrize(
    ("ago", "tone"), [(timedelta(seconds=110), "success"), (timedelta(seconds=200), "warning")]
)
def test_a_sweep_may_be_a_little_late(running: None, ago: timedelta, tone: str) -> None:
    ran("verify-changes", ago)
    found = {sweep.name: sweep.tone for sweep in read_processes().sweeps}
    assert found["verify-changes"] == tone


def test_nothing_is_late_while_beat_begins_anew(running: None) -> None:
    for name in schedule():
        ran(name, LONG_AGO)
    ran(BEAT)
    assert read_operations().problems == []


def test_it_takes_as_many_queries_for_many_rows_as_for_few(admin: Client, running: None) -> None:
    pages = [PAGE, f"{PAGE}inbox/", f"{PAGE}outbox/", f"{PAGE}inbox/{dead().pk}/"]
    given_up()
    few = [count_queries(admin, page) for page in pages]
    for number in range(20):
        dead(f"evt_many_{number}", f"charge.type_{number}")
        given_up(f"kind_{number}:M-1")
    assert [count_queries(admin, page) for page in pages] == few == [9, 4, 4, 4]


def count_queries(client: Client, path: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert client.get(path).status_code == 200
    return len(queries)


def test_a_kind_of_dead_letters_is_handled_again_with_a_reason(admin: Client, staff: User) -> None:
    first, second, other = dead("evt_1"), dead("evt_2"), dead("evt_3", "refund.created")
    kind = {"endpoint": "platform", "type": "charge.updated"}
    page = admin.get(f"{PAGE}inbox/replay/", kind).content.decode()
    assert "Handle again" in page
    refused = admin.post(f"{PAGE}inbox/replay/", {**kind, "reason": " "})
    assert "Give a reason" in refused.content.decode()
    assert StripeEvent.objects.filter(status="dead").count() == 3
    answer = admin.post(f"{PAGE}inbox/replay/", {**kind, "reason": "Stripe was down"}, follow=True)
    assert "2 events are handled again." in answer.content.decode()
    assert set(StripeEvent.objects.filter(status="received")) == {first, second}
    entries = AuditEntry.objects.filter(action="stripe_event.replayed")
    assert {(entry.actor, entry.actor_kind, entry.reason) for entry in entries} == {
        (staff, "staff", "Stripe was down")
    }
    inbox.process_due()
    other.refresh_from_db()
    assert other.status == "dead"
    page = admin.get(f"{PAGE}inbox/{first.pk}/").content.decode()
    assert "Stripe was down" in page


def test_a_dead_letter_rests_and_can_still_be_handled_again(admin: Client) -> None:
    event = dead()
    given = {"event": str(event.pk), "reason": "Not ours"}
    answer = admin.post(f"{PAGE}inbox/acknowledge/", given, follow=True)
    assert "Rests" in answer.content.decode()
    assert read_operations().backlog.dead == 0
    admin.post(f"{PAGE}inbox/replay/", given)
    event.refresh_from_db()
    assert (event.status, event.acknowledged_at) == ("received", None)


def test_ids_of_accounts_are_masked(admin: Client) -> None:
    event = dead()
    ids = {"endpoint": "connect", "account": "acct_1SecretSecretXYZ", "object_id": "acct_1SecretSecretXYZ"}
    StripeEvent.objects.update(**ids)
    for path in (PAGE, f"{PAGE}inbox/", f"{PAGE}inbox/{event.pk}/", f"{PAGE}inbox/replay/?event={event.pk}"):
        assert "SecretSecret" not in admin.get(path).content.decode()


@pytest.mark.parametrize("which", [{"kind": "ticket_confirmation"}, {"message": ""}])
def test_messages_are_sent_again_with_a_reason(admin: Client, which: dict[str, str]) -> None:
    message = given_up()
    other = given_up("refund_confirmation:M-1")
    which = {name: value or str(message.pk) for name, value in which.items()}
    assert "Give a reason" in admin.post(f"{PAGE}outbox/send-again/", which).content.decode()
    answer = admin.post(f"{PAGE}outbox/send-again/", {**which, "reason": "Server mended"}, follow=True)
    assert "1 message is sent again." in answer.content.decode()
    message.refresh_from_db()
    other.refresh_from_db()
    assert (message.state, message.attempts, other.state) == ("queued", 0, "dead")
    assert AuditEntry.objects.get(action="message.sent_again").reason == "Server mended"


@pytest.mark.parametrize(
    "given", [{}, {"event": "x\0"}, {"event": "9" * 30, "type": "\0"}, {"kind": "\0" * 99}]
)
@pytest.mark.parametrize("act", ["inbox/replay/", "inbox/acknowledge/", "outbox/send-again/"])
def test_what_names_nothing_leads_back(admin: Client, act: str, given: dict[str, str]) -> None:
    dead()
    for answer in (admin.get(PAGE + act, given), admin.post(PAGE + act, {**given, "reason": "x"})):
        assert answer.status_code == 302
    assert StripeEvent.objects.get().status == "dead"


def test_the_api_tells_and_decides_the_same(staff: User, running: None, api: Callable[..., Client]) -> None:
    client = api(staff)
    dead(), dead("evt_2"), dead("evt_3")
    ran("expire-holds", error="ValueError", failures=3)
    told = client.get("/api/admin/operations").json()
    assert told["inbox"]["given_up"] == 3
    assert told["sweeps"][0] | {"started_at": 0, "finished_at": 0, "succeeded_at": 0} == {
        "name": "expire-holds",
        "state": "failed",
        "error": "ValueError",
        "failures": 3,
        "started_at": 0,
        "finished_at": 0,
        "succeeded_at": 0,
    }
    act = "/api/admin/operations/events/"

    def post(what: str, **body: str) -> tuple[int, Any]:
        answer = client.post(act + what, {"endpoint": "platform", **body}, content_type="application/json")
        return answer.status_code, answer.json()

    assert post("acknowledge", event="evt_2", reason="Not ours") == (200, {"events": 1})
    assert post("replay", type="charge.updated", reason="Mended") == (200, {"events": 2})
    assert post("replay", type="charge.updated")[0] == 400
    assert post("replay", reason="Mended")[0] == 400
    assert post("replay", event="evt_none", reason="Mended")[0] == 404
