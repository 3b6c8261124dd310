"""The documents for operators and owners name only what exists, and everything that has to be named."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import get_commands
from django.urls import reverse
from drf_spectacular.generators import SchemaGenerator

from connect.gateway import API_VERSION
from connect.registry import handled_types
from maly.tests.routes import PARAMETER, all_routes
from notifications.registry import kinds

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
CODE = re.compile(r"`([^`]+)`")
VERB = re.compile(r"^(GET|POST|PUT|PATCH|DELETE) ")
PLACE = re.compile(r"{\w+}")
# Words in code that name nothing which could be missing.
PLAIN = {"controller", "host", "organization", "order", "event_id", "user_id", "DELETE", "acct_"}


def read(name: str) -> str:
    return (DOCS / name).read_text()


def here() -> Iterator[str]:
    """What docs/requirements.md says is here: the code spans of the second columns."""
    for line in read("requirements.md").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("|") and len(cells) > 1 and not cells[1].startswith("---"):
            yield from CODE.findall(cells[1])


@cache
def routes() -> set[str]:
    ours = {"/" + PARAMETER.sub("{}", route) for route in all_routes()}
    return ours | {reverse("admin:index"), "/api/docs/", "/api/schema/"}


@cache
def columns() -> set[str]:
    return {
        f"{model._meta.db_table}.{field.column}"
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.concrete_fields
    }


@cache
def fields() -> set[str]:
    """What the API's description names: properties of bodies, and parameters."""
    schema = SchemaGenerator().get_schema(request=None, public=True)
    components = schema["components"]["schemas"].values()
    calls = [call for path in schema["paths"].values() for call in path.values()]
    parameters = {each["name"] for call in calls for each in call.get("parameters", ())}
    values = {value for each in components for value in each.get("enum", ()) if isinstance(value, str)}
    return parameters | values | {name for each in components for name in each.get("properties", ())}


@cache
def constants() -> set[str]:
    """Settings, and the codes of errors."""
    settings = set(re.findall(r"^#? ?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    folders = [ROOT / app for app in ("accounts", "connect", "ticketing", "payouts", "premium")]
    files = [path for folder in folders for path in (folder / "errors.py", *folder.glob("models/*.py"))]
    return settings | {code for path in files for code in re.findall(r'"([A-Z_]+)"', path.read_text())}


def exists(name: str) -> bool:
    path = VERB.sub("", name)
    if path.startswith("/"):
        return PLACE.sub("{}", path) in routes()
    if "/" in name or name.endswith((".md", ".example")):
        return (ROOT / name).exists()
    if "." in name:
        return name in columns() or name in {*handled_types("platform"), *handled_types("connect")}
    return name in {*kinds(), *fields(), *constants()}


def test_everything_that_requirements_says_is_here_is() -> None:
    named = set(here()) - PLAIN
    assert len(named) > 150
    assert [name for name in sorted(named) if not exists(name)] == []


def test_a_name_of_nothing_is_noticed() -> None:
    for name in (
        "/admin/nothing/",
        "GET /api/nothing",
        "connect/nothing.py",
        "ticketing_order.nothing",
        "charge.nothing",
        "NOT_A_SETTING",
    ):
        assert not exists(name), name


@pytest.mark.parametrize("document", sorted(path.name for path in DOCS.glob("*.md")))
def test_links_between_documents_lead_somewhere(document: str) -> None:
    for target, anchor in re.findall(r"\]\(([\w./-]+)?(?:#([\w-]+))?\)", read(document)):
        path = (DOCS / target).resolve() if target else DOCS / document
        assert path.exists(), target
        if anchor:
            titles = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}, (
                anchor
            )


@pytest.mark.parametrize("endpoint", ["platform", "connect"])
def test_the_guide_lists_the_events_that_are_handled(endpoint: str) -> None:
    listed = read("operating.md").partition(f"<!-- {endpoint} events -->")[2].partition("<!-- end -->")[0]
    assert CODE.findall(listed) == handled_types(endpoint)
    assert f"`{API_VERSION}`" in read("operating.md")


def test_the_guide_explains_every_setting() -> None:
    table = read("operating.md").partition("## Settings")[2]
    explained = {
        name for row in re.findall(r"^\| (.+?) \|", table, re.MULTILINE) for name in CODE.findall(row)
    }
    known = set(re.findall(r"^#? ?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert explained == known


@pytest.mark.parametrize("document", ["operating.md", "runbooks.md", "reconciliation.md", "stripe.md"])
def test_commands_and_pages_that_the_documents_name_exist(document: str) -> None:
    text = read(document)
    for command in re.findall(r"manage\.py (\w+)", text):
        assert command in get_commands(), command
    for option in re.findall(r"manage\.py (\w+) (--[a-z-]+)", text):
        assert takes(*option), option
    for page in re.findall(r"`(/(?:admin|api|dashboard|staff|tickets|account)/[^` ]*)`", text):
        assert re.sub(r"{\w+}|<[\w ]+>", "{}", page) in routes(), page


def takes(command: str, option: str) -> bool:
    from django.core.management import load_command_class

    parser = load_command_class(get_commands()[command], command).create_parser("manage.py", command)
    return option in parser._option_string_actions
