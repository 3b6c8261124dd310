"""Web push: who asked is told, once, in words that only their browser can read."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from maly.errors import Invalid
from notifications.models import Message, PushSubscription
from notifications.services import push
from notifications.services.outbox import enqueue
from notifications.services.push import Note, is_push_service, push_note, sign_topic, subscribe
from notifications.tasks import send_due_messages
from notifications.tests.push_service import PushService
from notifications.vapid import public_key

pytestmark = pytest.mark.django_db
NOTE = {"title": "Hello", "body": "Ada", "url": "http://testserver/", "tag": "greeting"}


@pytest.fixture
def service(push_service: PushService) -> PushService:
    return push_service


@pytest.fixture(autouse=True)
def topics() -> Iterator[list[str]]:
    """Who is told of a greeting."""
    told = ["person:1"]

    @push_note("test_greeting")
    def greeting(ids: dict) -> Note:
        return Note(topics=list(told), **{**NOTE, "body": ids["who"]})

    yield told
    push._renderers.pop("test_greeting")


def greet(key: str = "greeting:1") -> None:
    """Queue the mail; its own delivery is not this file's."""
    enqueue("test_greeting", key=key, to="ada@example.com", ids={"who": "Ada"})
    Message.objects.filter(channel="mail").update(state="sent")


def send_all() -> None:
    """Send until nothing is due, as if retries were due at once."""
    for _round in range(4):
        Message.objects.filter(state="queued").update(due_at=timezone.now() - timedelta(1))
        send_due_messages()


def ask(service: PushService, topic: str = "person:1", name: str = "one") -> PushSubscription:
    return subscribe(service.browser(name), signed_topic=sign_topic(topic))


def test_who_asked_is_told_in_words_that_only_their_browser_can_read(service):
    ask(service)
    greet()
    send_all()
    assert service.notes() == [NOTE]
    assert b"Ada" not in service.received[0][2]
    token = service.received[0][1]["Authorization"].split("t=")[1].split(",")[0].split(".")[1]
    claims = json.loads(urlsafe_b64decode(token + "=="))
    assert claims["aud"] == service.origin  # signed for this service, and no other can use it
    assert timezone.now().timestamp() < claims["exp"] < timezone.now().timestamp() + 86_400


def test_each_browser_is_told_once_whatever_is_repeated(service, topics):
    topics.append("group:7")
    ask(service, "person:1", "phone")
    ask(service, "person:1", "phone")
    ask(service, "group:7", "phone")
    ask(service, "person:1", "laptop")
    ask(service, "person:2", "somebody")
    greet()
    greet()
    send_all()
    Message.objects.filter(channel="push").update(state="queued", attempts=0)  # died before it was recorded
    send_all()
    assert sorted(path for path, _headers, _body in service.received) == ["/laptop", "/phone"]


@pytest.mark.parametrize("status", [429, 500, 302, 400])
def test_a_service_that_refuses_is_asked_again_and_never_followed_elsewhere(status, service):
    ask(service)
    service.answers = [status]
    greet()
    send_all()
    assert service.notes() == [NOTE, NOTE]
    assert set(Message.objects.values_list("state", flat=True)) == {"sent"}


def test_a_service_that_is_down_is_tried_again_and_its_address_is_written_nowhere(service):
    subscription = ask(service)
    service.close()
    greet()
    send_all()
    waiting = Message.objects.get(channel="browser")
    assert (waiting.state, waiting.attempts > 1) == ("queued", True)
    assert waiting.error.startswith("PushRefused")
    assert subscription.endpoint not in waiting.error


@pytest.mark.parametrize("status", [404, 410])
def test_a_browser_that_is_gone_is_forgotten(status, service):
    ask(service)
    ask(service, "group:7")
    service.answers = [status]
    greet()
    send_all()
    assert not PushSubscription.objects.exists()
    assert Message.objects.get(channel="browser").state == "sent"
    greet("greeting:2")
    send_all()
    assert len(service.received) == 1


def test_who_may_no_longer_know_is_not_told(service, topics):
    ask(service)
    greet()
    send_due_messages()  # queued for the browser
    Message.objects.filter(channel="browser").update(state="queued")
    service.received.clear()
    topics.clear()
    send_all()
    assert service.received == []


def test_nobody_is_told_where_push_is_not_set_up(service, settings):
    ask(service)
    settings.VAPID_PRIVATE_KEY = ""
    greet()
    assert not Message.objects.exclude(channel="mail").exists()


@pytest.mark.parametrize(
    ("endpoint", "is_known"),
    [
        ("https://fcm.googleapis.com/fcm/send/abc", True),
        ("https://updates.push.services.mozilla.com/wpush/v2/abc", True),
        ("https://web.push.apple.com/abc", True),
        ("https://wns2-by3p.notify.windows.com/w/?token=abc", True),
        ("http://fcm.googleapis.com/fcm/send/abc", False),
        ("https://fcm.googleapis.com:8443/abc", False),
        ("https://fcm.googleapis.com@127.0.0.1/abc", False),
        ("https://127.0.0.1/abc", False),
        ("https://evilgoogleapis.com/abc", False),
        ("https://googleapis.com.evil.example/abc", False),
        ("https://[::1/abc", False),
        # Where the host ends is read differently by those who post: to them, these are 127.0.0.1.
        ("https://127.0.0.1\\.googleapis.com/abc", False),
        ("https://127.0.0.1%5c.googleapis.com/abc", False),
        ("https://fcm.google\tapis.com/abc", False),
        (" https://fcm.googleapis.com/abc", False),
        ("https://é.googleapis.com/abc", False),
        ("https://fcm.googleapis.com:port/abc", False),
        ("file:///etc/passwd", False),
        ("", False),
    ],
)
def test_we_post_to_push_services_alone(endpoint, is_known, settings):
    assert is_push_service(endpoint) is is_known


def test_a_service_that_is_struck_off_the_list_gets_nothing_more(service, settings):
    ask(service)
    settings.PUSH_SERVICES = ["googleapis.com"]
    greet()
    send_all()
    assert service.received == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"p256dh": "AAAA"},
        {"auth": "AAAA"},
        {"p256dh": "é"},
        {"p256dh": "B" + "A" * 86},  # 65 bytes, but no point of the curve
        {"endpoint": "https://127.0.0.1/"},
        {"auth": "A"},
    ],
    ids=str,
)
def test_what_is_no_subscription_is_refused(wrong, service):
    browser = service.browser()
    with pytest.raises(Invalid):
        subscribe(push.Browser(**{**vars(browser), **wrong}), signed_topic=sign_topic("person:1"))
    assert not PushSubscription.objects.exists()


def test_made_up_browsers_make_no_flood_of_notes(service, monkeypatch):
    monkeypatch.setattr(push, "MOST_BROWSERS", 2)
    for name in ("one", "two", "three"):
        ask(service, name=name)
    ask(service, "person:2", "another's")
    told = PushSubscription.objects.filter(topic="person:1").values_list("endpoint", flat=True)
    assert {endpoint.rpartition("/")[2] for endpoint in told} == {"two", "three"}
    assert PushSubscription.objects.filter(topic="person:2").exists()


def test_a_browser_subscribes_and_leaves_by_the_api(service):
    topic, browser = sign_topic("person:1"), service.browser()
    for _twice in range(2):
        answer = Client().post(
            "/api/push-subscriptions", {"topic": topic, **vars(browser)}, content_type="application/json"
        )
        assert answer.status_code == 204
    assert PushSubscription.objects.get().topic == "person:1"
    for _twice in range(2):
        answer = Client().delete(
            "/api/push-subscriptions",
            {"topic": topic, "endpoint": browser.endpoint},
            content_type="application/json",
        )
        assert answer.status_code == 204
    assert not PushSubscription.objects.exists()


def test_a_topic_that_no_page_gave_out_is_refused(service):
    forged = {"topic": "person:1:" + "A" * 43, **vars(service.browser())}
    answer = Client().post("/api/push-subscriptions", forged, content_type="application/json")
    assert (answer.status_code, answer.json()["errors"][0]["attr"]) == (400, "topic")
    assert not PushSubscription.objects.exists()


def test_the_command_makes_a_key_that_browsers_take(capsys):
    call_command("push_keys")
    name, key = capsys.readouterr().out.strip().split("=", 1)
    assert name == "VAPID_PRIVATE_KEY"
    point = urlsafe_b64decode(public_key(key) + "=")
    assert (len(point), point[0]) == (65, 4)  # an uncompressed point of P-256
