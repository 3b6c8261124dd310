"""Stripe's requirement codes in words."""

import pytest

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


@pytest.mark.parametrize("code", NEW_REQUIREMENTS)
def test_every_code_of_a_new_account_has_words_of_its_own(code):
    assert requirement_words(code) != "More information"


def test_the_parts_of_one_thing_are_said_once_in_stripes_order():
    codes = ["external_account", "individual.dob.day", "individual.dob.month", "individual.dob.year"]
    assert requirements_in_words(codes) == ["Bank account for payouts", "Confirm your date of birth"]


def test_why_something_is_switched_off():
    assert disabled_reason_words(None) == ""
    assert disabled_reason_words("rejected.fraud") == "Stripe has rejected the account."
    assert "overdue" in disabled_reason_words("requirements.past_due")
    assert disabled_reason_words("something.new") == "Stripe is reviewing the account."
