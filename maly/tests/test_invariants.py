"""Every invariant there is has planted faults, each of which the tests beside it show to be caught by it alone."""

import importlib
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from ledger.registry import all_invariants

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(ROOT.glob("*/tests/test_*invariants*.py"))


def _faults() -> dict[str, list[str]]:
    """The words of every planted fault by the code of its invariant: FAULTS = {code: {words: …}} of each module."""
    found: dict[str, list[str]] = {}
    for path in MODULES:
        if path == Path(__file__):
            continue
        module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
        faults: dict[str, dict[str, Any]] = module.FAULTS
        for code, words in faults.items():
            found.setdefault(code, []).extend(words)
    return found


@pytest.mark.parametrize("code", [each.code for each in all_invariants()])
def test_an_invariant_has_planted_faults_with_names_of_their_own(code: str) -> None:
    words = _faults().get(code, [])
    assert words, f"{code} has no planted fault: nobody knows whether it would catch one"
    assert max(Counter(words).values()) == 1


def test_no_fault_is_planted_for_a_rule_that_is_gone() -> None:
    assert set(_faults()) == {each.code for each in all_invariants()}


def test_every_invariant_says_in_words_what_must_be_true() -> None:
    for each in all_invariants():
        assert re.fullmatch(r"I\d\d", each.code)
        assert re.fullmatch(r"[a-zA-Z].{15,110}[^.]", each.what), each
