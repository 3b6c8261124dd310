"""Stripe's requirement codes in words: those of the sandbox, and all that the SDK knows."""

import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any, get_args, get_type_hints

import pytest
import stripe
from stripe.params import _account_create_params as account_params
from stripe.params import _account_create_person_params as person_params

from connect import requirement_errors, requirements
from connect.requirement_errors import error_in_words
from connect.requirements import disabled_reason_words, requirement_words, requirements_in_words
from sandbox.resources.account_states import NEW_REQUIREMENTS


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("external_account", "Bank account for payouts"),
        ("individual.dob.day", "Confirm your date of birth"),
        ("representative.dob.year", "Confirm your date of birth"),
        ("person_1AbCdEf.verification.document", "Identity document"),
        ("person_1AbCdEf.verification.additional_document.front", "Proof of address"),
        ("company.address.line1", "Company address"),
        ("company.verification.document", "Document about the company"),
        ("tos_acceptance.ip", "Accept Stripe's terms"),
        ("owners.email", "Email address"),
        ("owners", "The owners of the company"),
        ("business_profile.mcc", "What you sell"),
        ("something.new", "More information"),
        ("individual.something_new", "More information"),
        ("", "More information"),
    ],
)
def test_a_code_is_said_in_words(code, words):
    assert requirement_words(code) == words


# What an account consists of, and who may stand behind it; a requirement is the path of one of its parameters.
PARTS = ("business_profile", "company", "documents", "individual", "tos_acceptance")
PEOPLE = ("representative", "owners", "directors", "executives", "person_1AbC")
NOT_ASKED = re.compile(r"\.(metadata|person_token|expand|nickname)$")


def paths(kind: Any, module: ModuleType, before: str) -> Iterator[str]:
    """The path of every parameter below one; the SDK says the kinds of its parameters in words."""
    for name, said in kind.__annotations__.items():
        yield f"{before}.{name}"
        for inner in re.findall(r"Account\w+", getattr(said, "__forward_arg__", str(said))):
            yield from paths(getattr(module, inner), module, f"{before}.{name}")


def codes_of_the_sdk() -> Iterator[str]:
    yield from ("business_type", "external_account")
    for part in PARTS:
        kind = getattr(account_params, f"AccountCreateParams{part.title().replace('_', '')}")
        yield from paths(kind, account_params, part)
    of_people = [name for name in person_params.__dict__ if name.startswith("AccountCreatePersonParams")]
    whole = person_params.AccountCreatePersonParams.__annotations__
    for name in whole.keys() - vars(stripe.RequestOptions)["__annotations__"].keys():
        kinds = re.findall(r"AccountCreatePersonParams\w+", str(whole[name]))
        for person in PEOPLE:
            yield f"{person}.{name}"
            for kind in set(kinds) & set(of_people):
                yield from paths(getattr(person_params, kind), person_params, f"{person}.{name}")


def test_every_code_that_the_sandbox_or_the_sdk_knows_has_words_of_its_own():
    codes = {*NEW_REQUIREMENTS, *codes_of_the_sdk()}
    assert len(codes) > 400
    unknown = [code for code in codes if requirement_words(code) == "More information"]
    assert [code for code in unknown if not NOT_ASKED.search(code)] == []


def test_every_reason_and_every_error_that_the_sdk_knows_has_words_of_its_own():
    hints = get_type_hints(
        stripe.Account.Requirements, vars(stripe._account), vars(stripe.Account.Requirements)
    )
    reasons = {value for kind in get_args(hints["disabled_reason"]) for value in leaves(kind)}
    assert len(reasons) >= 14
    known = {*requirements.DISABLED, *requirements.REJECTIONS, "rejected.fraud", "rejected.other"}
    assert reasons <= known
    errors = set(leaves(get_type_hints(stripe.Account.Requirements.Error, vars(stripe._account))["code"]))
    assert len(errors) > 90
    assert errors <= requirement_errors.WORDS.keys()
    assert error_in_words("something_new") == str(requirement_errors.UNKNOWN)


def leaves(kind: Any) -> Iterator[str]:
    """The texts that a type allows."""
    if isinstance(kind, str):
        yield kind
    for inner in get_args(kind):
        yield from leaves(inner)


def test_the_parts_of_one_thing_are_said_once_in_stripes_order():
    codes = ["external_account", "individual.dob.day", "individual.dob.month", "individual.dob.year"]
    assert requirements_in_words(codes) == ["Bank account for payouts", "Confirm your date of birth"]


def test_why_something_is_switched_off():
    assert disabled_reason_words(None) == ""
    assert disabled_reason_words("rejected.fraud") == "Stripe has rejected the account."
    assert "overdue" in disabled_reason_words("requirements.past_due")
    assert disabled_reason_words("something.new") == "Stripe is reviewing the account."
