"""Which function handles which event. Apps register theirs in `<app>/webhooks.py`, found as `admin.py` is.

A handler takes the stored event, fetches the object that it is about, and calls one service. Returning means done;
`NotYetKnown` tries again later; `Ignored` says why there is nothing to do.
"""

from collections.abc import Callable

from connect.models import StripeEvent

Handler = Callable[[StripeEvent], None]
_handlers: dict[tuple[str, str], Handler] = {}


def on(*types: str, endpoint: str) -> Callable[[Handler], Handler]:
    """Register a handler for event types of the `platform` or the `connect` endpoint; one handler each."""

    def register(handler: Handler) -> Handler:
        for type_ in types:
            known = _handlers.setdefault((endpoint, type_), handler)
            assert known is handler, f"{type_} on {endpoint} has two handlers"
        return handler

    return register


def find_handler(event: StripeEvent) -> Handler | None:
    """The handler of an event, or None for a type that nobody here cares about."""
    return _handlers.get((event.endpoint, event.type))


def handled_types(endpoint: str) -> list[str]:
    """The types that somebody here handles when they come to an endpoint."""
    return sorted(type_ for known, type_ in _handlers if known == endpoint)
