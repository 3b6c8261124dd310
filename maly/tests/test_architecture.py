"""The import direction of the house (ARCHITECTURE.md), read from the syntax trees."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Each layer may import those below it, never above or beside.
LAYERS = [
    {"maly"},
    {"adminpanel", "dashboard"},
    {"payouts", "premium"},
    {"ticketing"},
    {"connect"},
    {"ledger", "notifications"},
    {"accounts"},
]
RANK = {name: len(LAYERS) - i for i, layer in enumerate(LAYERS) for name in layer}
# Modules of `maly` that every app may import: they import no app themselves.
LEAVES = {
    "money",
    "errors",
    "api",
    "schema",
    "codes",
    "crash",
    "poke",
    "spreadsheets",
    "throttling",
    "icons",
    "templatetags",
    "forms",
    "images",
    "versions",
    "pdf_text",
    "mail_url",
}
# Only these may import the Stripe SDK, and only this one dj-stripe.
STRIPE = {"connect/gateway.py"}
DJSTRIPE = {"connect/mirror.py"}


def _files() -> list[Path]:
    apps = [*sorted(RANK), "sandbox"]  # sorted: xdist wants the same tests in the same order everywhere
    found = [path for app in apps for path in sorted((ROOT / app).rglob("*.py"))]
    return [p for p in found if "tests" not in p.parts and not any("migrations" in part for part in p.parts)]


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        else:
            assert not (isinstance(node, ast.ImportFrom) and node.level), f"{path}: relative import"


def _complaints(path: Path) -> list[str]:
    name = str(path.relative_to(ROOT))
    app = name.split("/")[0]
    is_leaf = app == "maly" and name.count("/") == 1 and path.stem in LEAVES
    found = []
    for imported in _imports(path):
        target, _, rest = imported.partition(".")
        if target == "stripe" and app != "sandbox" and name not in STRIPE:
            found.append(f"{name} imports stripe")
        if target == "djstripe" and name not in DJSTRIPE:
            found.append(f"{name} imports djstripe")
        if target == "sandbox" and app != "sandbox":
            found.append(f"{name} imports the sandbox")
        if target not in RANK or target == app:
            if is_leaf and target == "maly" and rest.split(".")[0] not in LEAVES:
                found.append(f"{name}, a leaf, imports {imported}")
            continue
        if target == "maly" and rest.split(".")[0] in LEAVES and app != "sandbox":
            continue
        if app == "sandbox" or is_leaf or RANK[target] >= RANK[app]:
            found.append(f"{name} imports {imported}")
    return found


@pytest.mark.parametrize("path", _files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_down_only(path: Path) -> None:
    assert _complaints(path) == []


def test_an_import_upwards_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    planted = {
        "accounts/services/x.py": "from ticketing.models import Event",
        "notifications/x.py": "import ledger.models",
        "ticketing/x.py": "import stripe",
        "connect/x.py": "from djstripe.models import Account",
        "dashboard/x.py": "from sandbox.server import Sandbox",
        "sandbox/x.py": "from accounts.models import User",
        "maly/money.py": "from accounts.models import User",
        "connect/y.py": "from maly.settings import DEBUG",
    }
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    for name, text in planted.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        assert len(_complaints(path)) == 1, name


def test_no_atomic_requests_and_no_float_money() -> None:
    for path in _files():
        for node in ast.walk(ast.parse(path.read_text())):
            is_float = (
                isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "float"
            )
            assert not is_float or path.match("sandbox/*"), f"{path}:{node.lineno} float()"
