"""Health, uploaded files and error pages."""

import json
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.db import OperationalError
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.urls import path

from maly import urls, views
from maly.errors import Forbidden, Invalid, NotFound
from maly.throttling import Throttled

RAISED = {
    "forbidden": Forbidden("Ask an owner."),
    "invalid": Invalid("Not like this."),
    "missing": NotFound(),
    "throttled": Throttled(7),
    "denied": PermissionDenied(),
    "bug": RuntimeError("bug"),
    "database": OperationalError("gone"),
}


def fail(_request: HttpRequest, name: str) -> None:
    raise RAISED[name]


class Failing:
    """The product's addresses, and one that fails as it is told."""

    handler400, handler403 = urls.handler400, urls.handler403
    handler404, handler500 = urls.handler404, urls.handler500
    urlpatterns = [*urls.urlpatterns, path("fail/<name>", fail), path("api/fail/<name>", fail)]


@pytest.fixture
def visitor(settings: Any, db: None, staff: Any) -> Client:
    settings.ROOT_URLCONF = Failing
    client = Client(raise_request_exception=False)
    client.force_login(staff)
    return client


def test_healthz_answers_without_the_database(client: Client) -> None:
    response = client.get("/healthz")
    assert (response.status_code, response.content) == (200, b"ok\n")


def test_readyz_names_what_is_missing(
    client: Client, db: None, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    assert client.get("/readyz").json() == {"ready": True, "database": "ok", "broker": "ok"}
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    response = client.get("/readyz")
    assert (response.status_code, response.json()["broker"]) == (503, "unreachable")


def test_uploaded_files_are_served_for_good_and_nothing_else_is(
    client: Client, settings: Any, tmp_path: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path / "media"
    (settings.MEDIA_ROOT / "covers").mkdir(parents=True)
    (settings.MEDIA_ROOT / "covers" / "a.webp").write_bytes(b"picture")
    (tmp_path / "secret").write_text("secret")
    response = client.get("/media/covers/a.webp")
    assert b"".join(response.streaming_content) == b"picture"  # type: ignore[attr-defined]
    assert "immutable" in response["Cache-Control"]
    for path_ in ("/media/../secret", "/media/covers/", "/media/%2e%2e/secret", "/media/none"):
        assert client.get(path_).status_code in (400, 404)


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("forbidden", 403, "Ask an owner."),
        ("denied", 403, "Your role doesn’t reach this far."),
        ("missing", 404, "This page doesn’t exist"),
        ("throttled", 429, "That was too fast"),
        ("invalid", 400, "Not like this."),
        ("bug", 500, "It is our fault"),
        ("database", 503, "We’ll be right back"),
    ],
)
def test_every_error_has_a_page_with_words_and_a_way_on(
    visitor: Client, name: str, status: int, words: str
) -> None:
    response = visitor.get(f"/fail/{name}")
    page = response.content.decode()
    assert response.status_code == status
    assert words in page
    assert 'href="/"' in page
    assert "Traceback" not in page


def test_pages_that_must_not_need_the_database_do_not(rf: RequestFactory) -> None:
    response = views.server_error(rf.get("/"))  # the database is blocked in this test
    assert response.status_code == 500
    assert "500" not in response.content.decode().split("</title>")[0]


def test_a_throttle_says_when_to_come_back(visitor: Client) -> None:
    assert visitor.get("/fail/throttled")["Retry-After"] == "7"
    assert visitor.get("/fail/database")["Retry-After"] == "60"


@pytest.mark.parametrize(
    ("address", "status", "code"),
    [
        ("/api/no/such/thing", 404, "not_found"),
        ("/api/fail/denied", 403, "permission_denied"),
        ("/api/fail/bug", 500, "error"),
        ("/api/fail/database", 503, "unavailable"),
    ],
)
def test_the_api_gets_the_same_news_in_its_own_shape(
    visitor: Client, address: str, status: int, code: str
) -> None:
    response = visitor.get(address)
    body = json.loads(response.content)
    assert (response.status_code, body["errors"][0]["code"]) == (status, code)
    assert body["type"] == ("server_error" if status >= 500 else "client_error")


def test_a_strange_host_is_refused_without_a_trace(visitor: Client) -> None:
    response = visitor.get("/", headers={"host": "evil.example"})
    assert response.status_code == 400
    assert "evil" not in response.content.decode()


def test_the_style_sheets_are_built_from_their_parts() -> None:
    call_command("build_css", check=True)
