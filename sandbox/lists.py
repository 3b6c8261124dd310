"""Lists as Stripe paginates them: newest first, by cursor, filtered by exact values and by time of creation."""

from collections.abc import Callable, Iterable
from typing import Any

from sandbox.call import Call
from sandbox.errors import invalid, no_such
from sandbox.state import StripeObject

Filter = Callable[[StripeObject], bool]


def page(
    call: Call,
    kind: str,
    *,
    noun: str = "",
    equal: Iterable[str] = (),
    keep: Filter = lambda obj: True,
    owner: str | None = None,
    times: Iterable[str] = ("created",),
) -> StripeObject:
    """Return one page of an account's objects.

    `equal` names the parameters that filter by a field of the same name, `times` those that filter by a moment or
    a span of time; `keep` filters further.
    """
    rows = call.state.newest_first(kind, call.account if owner is None else owner)
    wanted = {name: call.params[name] for name in equal if name in call.params}
    spans = {name: call.params[name] for name in times if name in call.params}
    matching = (
        obj
        for obj in rows
        if all(obj.get(name) == value for name, value in wanted.items())
        and all(_in_time(obj[name], span) for name, span in spans.items())
        and keep(obj)
    )
    return paginate(call, matching, noun=noun or kind)


def paginate(call: Call, newest_first: Iterable[StripeObject], *, noun: str = "object") -> StripeObject:
    """Return one page of the given objects by `limit`, `starting_after` and `ending_before`."""
    limit = call.params.get("limit", 10)
    if not 1 <= limit <= 100:
        raise invalid(f"Invalid integer: {limit}", param="limit", code="parameter_invalid_integer")
    after, before = call.params.get("starting_after"), call.params.get("ending_before")
    if after and before:
        raise invalid(
            "You cannot parameterize both `starting_after` and `ending_before`.", param="ending_before"
        )
    if before:
        rows = list(newest_first)
        place = _place(rows, before, "ending_before", noun)
        chosen, has_more = rows[max(0, place - limit) : place], place > limit
    else:
        chosen, has_more = _first(newest_first, limit, after, noun)
    return {"object": "list", "data": chosen, "has_more": has_more, "url": call.path}


def _first(
    rows: Iterable[StripeObject], limit: int, after: str | None, noun: str
) -> tuple[list[StripeObject], bool]:
    """Take one page from the front, or behind a cursor, reading no further than needed."""
    chosen: list[StripeObject] = []
    started = after is None
    for obj in rows:
        if not started:
            started = obj["id"] == after
        elif len(chosen) == limit:
            return chosen, True
        else:
            chosen.append(obj)
    if not started:
        raise no_such(noun, str(after), param="starting_after", status=400)
    return chosen, False


def _place(rows: Iterable[StripeObject], identifier: str, param: str, noun: str) -> int:
    for place, obj in enumerate(rows):
        if obj["id"] == identifier:
            return place
    raise no_such(noun, identifier, param=param, status=400)


def _in_time(moment: int, span: Any) -> bool:
    if span == "":
        return True
    if isinstance(span, int):
        return moment == span
    limits = {"gt": moment.__gt__, "gte": moment.__ge__, "lt": moment.__lt__, "lte": moment.__le__}
    return all(bool(limits[name](value)) for name, value in span.items())
