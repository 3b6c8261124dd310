"""Which functions handle which event. Apps register theirs in `<app>/webhooks.py`, found as `admin.py` is.

A handler takes the stored event, fetches the object that it is about, and calls one service. Returning means done;
`NotYetKnown` tries again later; `Ignored` says why there is nothing to do. A charge may be for tickets or for Premium:
where two apps handle a type, each is asked until one doesn't ignore it.
"""

from collections.abc import Callable

from connect.errors import Ignored
from connect.models import StripeEvent

Handler = Callable[[StripeEvent], None]
_handlers: dict[tuple[str, str], list[Handler]] = {}


def on(*types: str, endpoint: str) -> Callable[[Handler], Handler]:
    """Register a handler for event types of the `platform` or the `connect` endpoint; one for each app and type."""

    def register(handler: Handler) -> Handler:
        for type_ in types:
            known = _handlers.setdefault((endpoint, type_), [])
            others = [each for each in known if each is not handler and _app(each) == _app(handler)]
            assert not others, f"{type_} on {endpoint} has two handlers"
            if handler not in known:
                known.append(handler)
        return handler

    return register


def find_handler(event: StripeEvent) -> Handler | None:
    """The handler of an event, or None for a type that nobody here cares about."""
    handlers = _handlers.get((event.endpoint, event.type), [])
    if len(handlers) < 2:
        return handlers[0] if handlers else None

    def ask_each(event: StripeEvent) -> None:
        ignored = []
        for handler in handlers:
            try:
                handler(event)
                return
            except Ignored as reason:
                ignored.append(str(reason))
        raise Ignored("; ".join(ignored))

    return ask_each


def handled_types(endpoint: str) -> list[str]:
    """The types that somebody here handles when they come to an endpoint."""
    return sorted(type_ for known, type_ in _handlers if known == endpoint)


def _app(handler: Handler) -> str:
    return handler.__module__.partition(".")[0]
