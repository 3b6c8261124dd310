"""A whole Django project in a file: what the framework, the server and the database cost by themselves."""

import os
from typing import Any

import django
import environ
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.template import Context, Engine
from django.urls import path

ROW = "<li><a href='/e/{{ event.0 }}'>{{ event.1 }}</a> at {{ event.2 }}, row {{ row }} of the page</li>\n"
PAGE = "<!doctype html><title>{{ event.1 }}</title><ul>{% for row in rows %}" + ROW + "{% endfor %}</ul>"
ROWS = 110  # which makes 10 KB
database = environ.Env().db("DATABASE_URL")
options = {**database.get("OPTIONS", {}), "pool": {"min_size": 1, "max_size": 8, "timeout": 10}}

if not settings.configured:
    settings.configure(
        SECRET_KEY="bare",
        ALLOWED_HOSTS=["127.0.0.1"],
        ROOT_URLCONF=__name__,
        USE_TZ=True,
        MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
        DATABASES={"default": {**database, "ENGINE": "django.db.backends.postgresql", "OPTIONS": options}},
    )
    django.setup()

template = Engine().from_string(PAGE)


def show(_request: HttpRequest, slug: str) -> HttpResponse:
    """One indexed SELECT and a template of 10 KB."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT slug, title, venue FROM event WHERE slug = %s", [slug])
        event = cursor.fetchone()
    context: dict[str, Any] = {"event": event, "rows": range(ROWS)}
    return HttpResponse(template.render(Context(context)))


def reserve(_request: HttpRequest) -> HttpResponse:
    """The reservation's SQL: an order, its line, and the seat, if one is left."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")
        cursor.execute(
            "INSERT INTO orders (code, email, amount, created_at) VALUES (%s, %s, %s, now()) RETURNING id",
            [os.urandom(8).hex(), "ada@example.com", 5000],
        )
        (order,) = cursor.fetchone()
        cursor.execute("INSERT INTO order_line (orders, ticket_type, quantity) VALUES (%s, 1, 1)", [order])
        cursor.execute(
            "UPDATE ticket_type SET held = held + 1 WHERE id = 1 AND held + sold + 1 <= capacity RETURNING held"
        )
        cursor.fetchone()
    return HttpResponse("{}", status=201, content_type="application/json")


urlpatterns = [path("e/<slug:slug>/", show), path("reserve", reserve)]
application = get_wsgi_application()
