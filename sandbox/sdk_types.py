"""Which parameters a call takes, read from the installed stripe package: its services and its TypedDicts."""

import ast
import functools
import importlib
import sys
import typing
from pathlib import Path
from typing import Any, NotRequired

import stripe
from stripe import _request_options
from typing_extensions import get_type_hints

# A field's name and its annotation; `NotRequired[…]` unless the field must be given.
Fields = dict[str, Any]
_PACKAGE = Path(stripe.__file__).parent
_OPTIONS = frozenset(_request_options.RequestOptions.__annotations__)


@functools.cache
def _services() -> dict[Path, str]:
    """Return the text of every module that makes requests."""
    return {path: path.read_text(encoding="utf-8") for path in sorted(_PACKAGE.rglob("*_service.py"))}


@functools.cache
def _calls_of(path: Path) -> dict[tuple[str, str], str | None]:
    """Return (method, shape of the path) → name of the parameter type, of one service module."""
    calls: dict[tuple[str, str], str | None] = {}
    for node in ast.walk(ast.parse(_services()[path])):
        if isinstance(node, ast.FunctionDef):
            for call in ast.walk(node):
                found = _request_of(call)
                if found:
                    calls[found] = _params_type(node)
    return calls


def _request_of(node: ast.AST) -> tuple[str, str] | None:
    if not (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "_request"
    ):
        return None
    method, target = node.args[:2]
    if isinstance(target, ast.Call) and isinstance(target.func, ast.Attribute):
        target = target.func.value
    if isinstance(method, ast.Constant) and isinstance(target, ast.Constant):
        return str(method.value), shape(str(target.value))
    return None


def _params_type(function: ast.FunctionDef) -> str | None:
    for argument in function.args.args:
        if argument.arg == "params" and argument.annotation is not None:
            names = [part.value for part in ast.walk(argument.annotation) if isinstance(part, ast.Constant)]
            return str(names[0]) if names else None
    return None


def shape(route: str) -> str:
    """Return a route with its braces emptied, so that the names inside don't matter."""
    return "/".join("{}" if part.startswith("{") else part for part in route.split("/"))


@functools.cache
def fields_of(method: str, route: str) -> Fields:
    """Return the fields that a call takes; LookupError if the SDK has no such call."""
    wanted = (method, shape(route))
    needle = f'"{route.partition("{")[0]}'
    for path, text in _services().items():
        if needle not in text:
            continue
        calls = _calls_of(path)
        if wanted in calls:
            name = calls[wanted]
            return fields_of_typed_dict(_import_type(name, path)) if name else {}
    raise LookupError(f"{method} {route} is no call of the installed SDK")


def _import_type(name: str, service: Path) -> Any:
    """Return the parameter type that a service module names in its annotations."""
    for node in ast.walk(ast.parse(_services()[service])):
        if isinstance(node, ast.ImportFrom) and any(alias.name == name for alias in node.names):
            return getattr(importlib.import_module(str(node.module)), name)
    raise LookupError(f"{service.name} names {name}, but does not import it")


@functools.cache
def fields_of_typed_dict(cls: Any) -> Fields:
    """Return a TypedDict's own fields, without those of the request options that some types inherit."""
    module = sys.modules[cls.__module__]
    names = {**vars(typing), **vars(_request_options), **vars(module), "StripeContext": str}
    hints = get_type_hints(cls, globalns=names, localns=names, include_extras=True)
    # A TypedDict remembers what it inherits from only in `__orig_bases__`.
    has_options = _request_options.RequestOptions in getattr(cls, "__orig_bases__", ())
    return {name: hint for name, hint in hints.items() if not (has_options and name in _OPTIONS)}


def is_required(annotation: Any) -> bool:
    """Tell whether a field must be given."""
    return typing.get_origin(annotation) is not NotRequired
