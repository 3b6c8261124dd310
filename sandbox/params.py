"""Request parameters: decoding the form, and checking it against the parameter types of the installed SDK."""

import re
import types
import typing
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any, NotRequired, Required, get_args, get_origin
from urllib.parse import parse_qsl

from stripe._stripe_object import UntypedStripeObject
from typing_extensions import is_typeddict

from sandbox.errors import StripeError, invalid, missing_parameter
from sandbox.sdk_types import Fields, fields_of, fields_of_typed_dict, is_required

MAX_TEXT, MAX_FIELDS, MAX_DEPTH = 5000, 5000, 12
# A text of evidence may be longer than others.
MAX_EVIDENCE = 20_000
_KEY = re.compile(r"^([^\[\]]+)((?:\[[^\[\]]*\])*)$")
_PART = re.compile(r"\[([^\[\]]*)\]")


def decode(text: str) -> dict[str, Any]:
    """Return form-encoded text as nested dicts and lists of strings (`a[b][0]=c` → `{"a": {"b": ["c"]}}`)."""
    tree: dict[str, Any] = {}
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        raise invalid(f"Invalid request: more than {MAX_FIELDS} parameters.") from None
    for key, value in pairs:
        match = _KEY.match(key)
        if not match:
            raise invalid(f"Invalid request: the parameter name '{key}' cannot be read.", param=key)
        path = [match[1], *_PART.findall(match[2])]
        if len(path) > MAX_DEPTH:
            raise invalid(f"Invalid request: a parameter is nested more than {MAX_DEPTH} levels deep.")
        _insert(tree, path, value, key)
    return {name: _with_lists(branch) for name, branch in tree.items()}


def _insert(tree: dict[str, Any], path: list[str], value: str, key: str) -> None:
    node = tree
    for place, part in enumerate(path):
        name = part if part else str(len(node))
        if place == len(path) - 1:
            if isinstance(node.get(name), dict):
                raise invalid(f"Invalid object: {key}", param=key)
            node[name] = value
            return
        node = node.setdefault(name, {})
        if not isinstance(node, dict):
            raise invalid(f"Invalid object: {key}", param=key)


def _with_lists(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    children = {name: _with_lists(child) for name, child in node.items()}
    if children and all(name.isdigit() for name in children):
        return [children[name] for name in sorted(children, key=int)]
    return children


def check(method: str, route: str, raw: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of a call as typed values; raises `StripeError` as Stripe does.

    `method` is lower case, `route` the path with its braces. Names, types, enums and required parameters are
    those of the SDK's own types, at every depth; rules across fields belong to the resource.
    """
    return _object(fields_of(method, route), raw, "")


def _object(fields: Fields, raw: dict[str, Any], prefix: str) -> dict[str, Any]:
    for name in raw:
        if name not in fields:
            full = _named(prefix, name)
            raise invalid(f"Received unknown parameter: {full}", param=full, code="parameter_unknown")
    for name, annotation in fields.items():
        if name not in raw and is_required(annotation):
            raise missing_parameter(_named(prefix, name))
    return {name: _value(fields[name], value, _named(prefix, name)) for name, value in raw.items()}


def _named(prefix: str, name: str) -> str:
    return f"{prefix}[{name}]" if prefix else name


def _options(annotation: Any) -> Iterator[Any]:
    """Yield the alternatives of an annotation, without its optionality."""
    origin = get_origin(annotation)
    if origin in (NotRequired, Required):
        yield from _options(get_args(annotation)[0])
    elif origin in (typing.Union, types.UnionType):
        for part in get_args(annotation):
            yield from _options(part)
    else:
        yield annotation


def _value(annotation: Any, raw: Any, name: str) -> Any:
    options = list(_options(annotation))
    literals = [
        word for option in options if get_origin(option) is typing.Literal for word in get_args(option)
    ]
    if raw == "":
        if "" in literals:
            return ""
        raise invalid(
            f"You passed an empty string for '{name}'. We assume empty values are an attempt to unset a parameter; "
            f"however '{name}' cannot be unset. You should remove '{name}' from your request or supply a "
            "non-empty value.",
            param=name,
            code="parameter_invalid_empty",
        )
    enum = [word for word in literals if word != ""]
    if enum and isinstance(raw, str):
        return _enum(enum, options, raw, name)
    plain = [option for option in options if get_origin(option) not in (typing.Literal, UntypedStripeObject)]
    problem: StripeError | None = None
    for option in plain:
        try:
            return _plain(option, raw, name)
        except StripeError as error:
            # The alternative that has the value's own form explains best what is wrong with it.
            if problem is None or _fits_form(option, raw):
                problem = error
    raise problem or invalid(f"Invalid value for {name}", param=name)


def _enum(enum: list[Any], options: list[Any], raw: str, name: str) -> Any:
    if raw in enum:
        return raw
    # `Literal[…] | str` in the SDK only keeps type checkers calm; `Literal["now"] | int` is a real choice.
    for option in options:
        if option in (int, bool, float):
            return _plain(option, raw, name)
    words = (
        ", ".join(enum[:-1]) + (" or " if len(enum) < 3 else ", or ") + enum[-1] if len(enum) > 1 else enum[0]
    )
    raise invalid(f"Invalid {name}: must be one of {words}", param=name)


def _fits_form(option: Any, raw: Any) -> bool:
    if isinstance(raw, dict):
        return is_typeddict(option) or get_origin(option) is dict
    if isinstance(raw, list):
        return get_origin(option) is list
    return option in (str, int, bool, float, Decimal)


def _plain(option: Any, raw: Any, name: str) -> Any:
    if is_typeddict(option):
        if not isinstance(raw, dict):
            raise invalid(f"Invalid object: {name}", param=name, code="parameter_invalid_object")
        return _object(fields_of_typed_dict(option), raw, name)
    origin = get_origin(option)
    if origin is list:
        if not isinstance(raw, list):
            raise invalid(f"Invalid array: {name}", param=name, code="parameter_invalid_array")
        item = get_args(option)[0]
        return [_value(item, value, f"{name}[{index}]") for index, value in enumerate(raw)]
    if origin is dict:
        return _mapping(option, raw, name)
    if not isinstance(raw, str):
        raise invalid(
            f"Invalid {_word(option)}: {name}", param=name, code=f"parameter_invalid_{_word(option)}"
        )
    return _scalar(option, raw, name)


def _mapping(option: Any, raw: Any, name: str) -> dict[str, Any]:
    if isinstance(raw, list):
        # Keys made of digits look like an array when decoded.
        raw = {str(index): value for index, value in enumerate(raw)}
    if not isinstance(raw, dict):
        raise invalid(f"Invalid object: {name}", param=name, code="parameter_invalid_object")
    value_type = get_args(option)[1]
    return {
        # An empty value of a mapping (metadata) is not an error: it removes the key.
        key: "" if value == "" else _value(value_type, value, f"{name}[{key}]")
        for key, value in raw.items()
    }


def _word(option: Any) -> str:
    words = {int: "integer", bool: "boolean", float: "number", Decimal: "decimal"}
    return words.get(option, "string")


def _scalar(option: Any, raw: str, name: str) -> Any:
    if option is bool:
        if raw in ("true", "false", "1", "0"):
            return raw in ("true", "1")
        raise invalid(f"Invalid boolean: {raw}", param=name, code="parameter_invalid_boolean")
    if option is int:
        if re.fullmatch(r"-?\d{1,18}", raw):
            return int(raw)
        raise invalid(f"Invalid integer: {raw}", param=name, code="parameter_invalid_integer")
    if option in (float, Decimal):
        try:
            return str(Decimal(raw))
        except InvalidOperation:
            raise invalid(f"Invalid decimal: {raw}", param=name) from None
    most = MAX_EVIDENCE if name.startswith("evidence[") else MAX_TEXT
    if len(raw) > most:
        raise invalid(
            f"Invalid string: {raw[:20]}...{raw[-20:]}; must be at most {most} characters",
            param=name,
            code="parameter_invalid_string",
        )
    return raw
