"""Pages about one dispute or one exception: what isn't there is a 404 before anybody is asked for a password."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponseBase

from adminpanel.access import asks_again, staff_page
from adminpanel.selectors.disputes import find_dispute
from adminpanel.selectors.exceptions import find_exception
from maly.errors import NotFound

View = Callable[..., HttpResponseBase]


def _with(find: Callable[[Any], Any], view: View) -> View:
    """A page for platform admins, which gets what its address names; raises NotFound where there is no such thing."""

    @wraps(view)
    def found(request: HttpRequest, **named: Any) -> HttpResponseBase:
        (name,) = named.values()
        thing = find(name)
        if thing is None:
            raise NotFound
        return view(request, thing)

    return staff_page(found)


def dispute_page(view: View) -> View:
    """A page about a dispute, with its order, event, organization and payment."""
    return _with(find_dispute, view)


def dispute_money_page(view: View) -> View:
    """As dispute_page, for what moves money: asks for the password again after a while."""
    return dispute_page(asks_again(view))


def exception_page(view: View) -> View:
    """A page about a difference between Stripe and the books."""
    return _with(find_exception, view)


def exception_money_page(view: View) -> View:
    """As exception_page, for what is booked: asks for the password again after a while."""
    return exception_page(asks_again(view))
