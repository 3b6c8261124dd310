"""Pages as a visitor without a session sees them, kept until anything that they show has changed.

Nothing is kept by time alone: each look reads one short fingerprint of all the rows behind the page, and of what the
clock has opened or closed, so that a sold-out ticket or a paused event shows at once. One copy for an address.
"""

from collections.abc import Callable
from hashlib import md5

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.core.cache import cache
from django.db.models import CharField, QuerySet
from django.db.models.expressions import RawSQL
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language

from ticketing.models import Event

KEPT_SECONDS = 600
# What a page may differ by; whatever else a visitor's cookie says gets no copy of its own.
THEMES = ("light", "dark")

# A row's version is where it lies and who wrote it (ctid, xmin): both are new after every UPDATE.
FINGERPRINT = RawSQL(
    """
    md5(concat_ws('|', ticketing_event.ctid, ticketing_event.xmin, ticketing_event.ends_at <= statement_timestamp(),
      (SELECT concat(o.ctid, o.xmin) FROM accounts_organization o WHERE o.id = ticketing_event.organization_id),
      (SELECT concat(s.ctid, s.xmin) FROM connect_paymentsettings s
        WHERE s.organization_id = ticketing_event.organization_id),
      (SELECT string_agg(concat(a.ctid, a.xmin), ',') FROM connect_connectedaccount a
        WHERE a.organization_id = ticketing_event.organization_id AND a.is_current),
      (SELECT string_agg(concat_ws(':', t.ctid, t.xmin, t.sales_start <= statement_timestamp(),
          t.sales_end <= statement_timestamp()), ',' ORDER BY t.id)
        FROM ticketing_tickettype t WHERE t.event_id = ticketing_event.id),
      (SELECT string_agg(concat(p.ctid, p.xmin), ',' ORDER BY p.id) FROM connect_feeplan p),
      (SELECT concat_ws(':', count(*), max(f.id)) FROM connect_feeterms f
        WHERE f.effective_from <= statement_timestamp()),
      (SELECT concat_ws(':', count(*), max(v.id)) FROM connect_feeoverride v
        WHERE v.organization_id = ticketing_event.organization_id AND v.effective_from <= statement_timestamp()),
      (SELECT concat_ws(':', count(*), max(g.id)) FROM connect_planassignment g
        WHERE g.organization_id = ticketing_event.organization_id AND g.effective_from <= statement_timestamp())
    ))
    """,
    (),
    output_field=CharField(),
)


def is_plain(request: HttpRequest) -> bool:
    """Whether this visitor gets the page that everybody gets: nobody signed in, nothing chosen, no message waiting."""
    return not request.GET and is_nobody(request)


def is_nobody(request: HttpRequest) -> bool:
    """Whether the page can't depend on who asks: no session, no message waiting."""
    personal = {settings.SESSION_COOKIE_NAME, CookieStorage.cookie_name}
    return request.method == "GET" and not personal & request.COOKIES.keys()


def kept_page(request: HttpRequest, event: Event, render: Callable[[], HttpResponse]) -> HttpResponse:
    """The event's page from the cache if nothing has changed since, else rendered and kept.

    `event` comes annotated with its FINGERPRINT, as `fingerprint`.
    """
    return _kept(request, f"event-page:{event.slug}", event.fingerprint, render)  # type: ignore[attr-defined]


def kept_list(
    request: HttpRequest, name: str, events: QuerySet[Event], render: Callable[[], HttpResponse]
) -> HttpResponse:
    """As `kept_page` for a list of these events, in this order; `name` says which list it is.

    An empty list isn't kept: it says where else there is something.
    """
    rows = events.annotate(fingerprint=FINGERPRINT).values_list("pk", "fingerprint")
    shown = "|".join(f"{pk}:{fingerprint}" for pk, fingerprint in rows)
    if not shown:
        return render()
    return _kept(request, f"event-list:{name}", md5(shown.encode()).hexdigest(), render)  # noqa: S324


def _kept(
    request: HttpRequest, name: str, fingerprint: str, render: Callable[[], HttpResponse]
) -> HttpResponse:
    theme = request.COOKIES.get("theme", "")
    key = f"{name}:{get_language()}:{theme if theme in THEMES else ''}"
    kept = cache.get(key)
    if kept and kept[0] == fingerprint:
        response = HttpResponse(kept[1])
    else:
        response = render()
        cache.set(key, (fingerprint, response.content), KEPT_SECONDS)
    patch_vary_headers(response, ("Cookie",))
    return response
