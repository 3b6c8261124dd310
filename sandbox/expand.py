"""`expand[]`: putting whole objects where an answer holds their ids, and lists that are left out otherwise."""

from collections.abc import Callable
from typing import Any

from sandbox.errors import invalid
from sandbox.state import State, StripeObject

MAX_DEPTH = 4
Included = Callable[[State, StripeObject], StripeObject]
_INCLUDED: dict[tuple[str, str], Included] = {}


def included(kind: str, field: str) -> Callable[[Included], Included]:
    """Register a field that an object carries only when it is expanded."""

    def register(function: Included) -> Included:
        _INCLUDED[kind, field] = function
        return function

    return register


def expand(state: State, answer: Any, paths: list[str]) -> Any:
    """Return the answer with the named fields expanded; stored objects stay as they are."""
    for path in paths:
        parts = path.split(".")
        if len(parts) > MAX_DEPTH + (parts[0] == "data"):
            raise invalid(
                f"You cannot expand more than {MAX_DEPTH} levels of a property. Property: {path}",
                param="expand",
            )
        answer = _expand(state, answer, parts, path)
    return answer


def _expand(state: State, node: Any, parts: list[str], path: str) -> Any:
    if not parts or node is None:
        return node
    if isinstance(node, list):
        return [_expand(state, item, parts, path) for item in node]
    name, rest = parts[0], parts[1:]
    if not isinstance(node, dict):
        raise _not_expandable(path)
    child = _child(state, node, name, path)
    if not rest and not isinstance(child, dict | list | None):
        raise _not_expandable(path)
    return {**node, name: _expand(state, child, rest, path)}


def _child(state: State, node: StripeObject, name: str, path: str) -> Any:
    """Return the object that a field names, or the list that it leaves out."""
    maker = _INCLUDED.get((node.get("object", ""), name))
    if maker and not isinstance(node.get(name), dict):
        return maker(state, node)
    if name not in node:
        raise _not_expandable(path)
    value = node[name]
    if isinstance(value, str):
        found = state.look_up(value)
        if found is None or name == "id":
            raise _not_expandable(path)
        return found
    return value


def _not_expandable(path: str) -> Exception:
    return invalid(
        f"This property cannot be expanded ({path}). You may want to try expanding another property of the object.",
        param="expand",
    )
