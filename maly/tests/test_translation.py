"""Every word that people read goes through gettext: templates, errors and what services say when they refuse."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.utils.functional import Promise

from maly.errors import MalyError

ROOT = Path(settings.BASE_DIR)
# They stand alone: what says that something broke may need nothing that could be broken.
STATIC = {"500.html", "503.html"}
OURS = (
    "accounts",
    "adminpanel",
    "connect",
    "dashboard",
    "ledger",
    "notifications",
    "payouts",
    "premium",
    "ticketing",
    "maly",
)
# Names that are the same in every language.
NAMES = {"CSV", "JSON", "OpenAPI", "PDF", "UTC"}
NOT_READ = re.compile(
    r"{#.*?#}|{%\s*comment.*?endcomment\s*%}|{%\s*blocktrans\w*.*?endblocktrans\w*\s*%}"
    r"|{%\s*block \w+_class\s*%}.*?{%\s*endblock\s*%}|<(script|style)\b.*?</\1>|<!--.*?-->",
    re.S,
)
READ_ATTRIBUTES = re.compile(
    r"""\b(?:alt|aria-label|placeholder|title|data-(?:one|many|done|on|off))="([^"]*)\""""
)
WORDS = re.compile(r"[A-Za-z]{2,}")


def words_left(text: str) -> list[str]:
    """What of a template people would read though no translation covers it."""
    text = re.sub(r"{%.*?%}|{{.*?}}|&\w+;", " ", NOT_READ.sub(" ", text), flags=re.S)
    said = READ_ATTRIBUTES.findall(text) + re.split(r"<[^>]*>", text)
    return [" ".join(part.split()) for part in said if set(WORDS.findall(part)) - NAMES]


def test_every_word_of_a_template_can_be_translated() -> None:
    paths = [path for path in (ROOT / "templates").rglob("*.*") if path.suffix in (".html", ".txt")]
    assert len(paths) > 200
    left = {
        str(path.relative_to(ROOT)): words_left(path.read_text()) for path in paths if path.name not in STATIC
    }
    assert {path: words for path, words in left.items() if words} == {}


def test_the_check_sees_what_is_not_marked() -> None:
    assert words_left('<p title="Left">{% translate "Right" %} out {{ name }}</p>{# no #}') == ["Left", "out"]


def errors(base: type[MalyError] = MalyError) -> Iterator[type[MalyError]]:
    """Every error of ours."""
    for kind in base.__subclasses__():
        yield kind
        yield from errors(kind)


def test_every_errors_own_words_can_be_translated() -> None:
    assert [kind.__name__ for kind in errors() if not isinstance(kind.message, Promise)] == []


def _modules() -> list[Path]:
    rooms = [Path(apps.get_app_config(name).path) if name != "maly" else ROOT / "maly" for name in OURS]
    found = [path for room in rooms for path in room.rglob("*.py")]
    return [path for path in found if not {"tests", "migrations", "management", "seed"} & set(path.parts)]


def test_every_refusal_can_be_translated() -> None:
    names = {kind.__name__ for kind in errors()}
    plain = []
    for path in _modules():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in names and node.args:
                words = node.args[0]
                if isinstance(words, ast.JoinedStr | ast.Constant):
                    plain.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert plain == []
