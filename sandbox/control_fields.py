"""Reading the fields of control calls: what may be given, and of which kind."""

from typing import Any

Json = Any


class Bad(Exception):
    """Raised for a control call that can't be carried out, with its status."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


def only(body: Json, *names: str) -> None:
    """Refuse fields that a call doesn't know; raises `Bad`."""
    for name in body:
        if name not in names:
            raise Bad(f"Unknown field `{name}`. Known here: {', '.join(names)}.")


def text(body: Json, name: str, default: str | None) -> Any:
    """Return a field that must be a text; raises `Bad`."""
    value = body.get(name, default)
    if value is not None and not isinstance(value, str):
        raise Bad(f"`{name}` must be a text.")
    return value


def choice(body: Json, name: str, options: tuple[str, ...], default: str | None = None) -> str:
    """Return a field that must be one of some words; raises `Bad`."""
    value = body.get(name, default)
    if value not in options:
        raise Bad(f"`{name}` must be one of {', '.join(options)}.")
    return str(value)


def whole(body: Json, name: str, default: int | None, *, least: int | None = None) -> int | None:
    """Return a field that must be a whole number, as a number or in digits; raises `Bad`."""
    value = body.get(name, default)
    if isinstance(value, str) and value.isdigit():
        value = int(value)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or (least is not None and value < least):
        raise Bad(f"`{name}` must be a whole number{f' of at least {least}' if least is not None else ''}.")
    return value


def yes_or_no(body: Json, name: str, *, default: bool) -> bool:
    """Return a field that must be true or false; raises `Bad`."""
    value = body.get(name, default)
    if not isinstance(value, bool):
        raise Bad(f"`{name}` must be true or false.")
    return value
