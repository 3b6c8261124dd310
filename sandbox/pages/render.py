"""Rendering: templates without Django's settings, static files, redirects, and the headers of every page."""

import time
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote

from django.template import Context, Engine

from sandbox.api import Request, Response
from sandbox.currencies import in_words

STATIC = "/_sandbox/static/"
URL_CHARACTERS = "/:?#[]@!$&'()*+,;=%~"
_ROOT = Path(__file__).parent.parent
_TYPES = {"sandbox.css": "text/css; charset=utf-8", "icon.svg": "image/svg+xml"}
# No form-action: the browser would refuse the way back to the product after a form.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


@cache
def _engine() -> Engine:
    return Engine(dirs=[str(_ROOT / "templates")], autoescape=True)


def render(name: str, values: dict[str, Any], *, status: int = 200) -> Response:
    """Return a page made from a template; numbers come as texts, so that no locale changes them."""
    context = Context({"static": STATIC, **values}, use_l10n=False, use_tz=False)
    body = _engine().get_template(f"sandbox/{name}.html").render(context)
    return Response(status, body.encode(), dict(HEADERS), "text/html; charset=utf-8")


def message(
    title: str, text: str, *, link: str | None = None, words: str = "Go back", status: int = 200
) -> Response:
    """Return a page that says one thing, with at most one way on."""
    return render("message", {"title": title, "text": text, "link": link, "words": words}, status=status)


def redirect(url: str) -> Response:
    """Send the browser on, with GET."""
    # Whatever an address holds, the header holds no line break and nothing but ASCII.
    return Response(303, b"", {"Location": quote(url, safe=URL_CHARACTERS), **HEADERS})


def static_file(name: str) -> Response:
    """Return one of the sandbox's own files."""
    if name not in _TYPES:
        return message("Page not found", "The sandbox has no such file.", status=404)
    body = (_ROOT / "static" / "sandbox" / name).read_bytes()
    return Response(200, body, {"Cache-Control": "no-cache"}, _TYPES[name])


def form_of(request: Request) -> dict[str, str]:
    """Return the fields of a form, without the spaces around them."""
    text = request.body.decode("utf-8", "replace")
    return {name: value.strip() for name, value in parse_qsl(text, keep_blank_values=True)}


def clock_time(moment: float) -> str:
    """Return a time of day as people write it: `7:42 pm`."""
    return time.strftime("%I:%M %p", time.localtime(moment)).lstrip("0").lower()


def short_id(identifier: str) -> str:
    """Return a long identifier's beginning and end."""
    return f"{identifier[:12]}…{identifier[-4:]}" if len(identifier) > 20 else identifier


def grouped(number: str) -> str:
    """Return a card number in groups of four."""
    return " ".join(number[place : place + 4] for place in range(0, len(number), 4))


def money(amount: int, currency: str) -> str:
    """Return an amount in minor units as a person reads it."""
    return in_words(amount, currency)
