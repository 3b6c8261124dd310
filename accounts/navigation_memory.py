"""Entries of the navigation that most organizers never need, such as disputes.

A page that finds out that this organization does says so with `show_entry`; the session remembers it, so that no page
has to ask the database for its menu.
"""

from django.http import HttpRequest

from accounts.models import Membership

OCCASIONAL = {"ticketing:disputes"}
REMEMBERED = "navigation"


def show_entry(request: HttpRequest, membership: Membership, url_name: str) -> None:
    """Have an occasional entry in this organization's navigation from now on, for as long as the session lasts."""
    if not is_shown(request, membership, url_name):
        entry = f"{membership.organization.slug} {url_name}"
        request.session[REMEMBERED] = [*request.session.get(REMEMBERED, []), entry]


def is_shown(request: HttpRequest, membership: Membership | None, url_name: str) -> bool:
    """Whether an entry is in the navigation: each that isn't occasional, and those that a page has found out about."""
    if url_name not in OCCASIONAL or membership is None:
        return url_name not in OCCASIONAL
    return f"{membership.organization.slug} {url_name}" in request.session.get(REMEMBERED, [])
