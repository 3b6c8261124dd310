"""Why Stripe didn't take something that was sent (`requirements.errors[].code`), in words that say what to do.

The codes are those of docs.stripe.com/connect/handling-api-verification#validation-and-verification-errors; several
of them mean the same to the person who has to act.
"""

from collections.abc import Iterable
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

UNKNOWN = _("Stripe couldn't use what was sent. Its page says more.")

_BUSINESS_NAME = _("Stripe doesn't take this name. Use the one that the business is known by.")
_STATEMENT_NAME = _(
    "The name on card statements has to resemble the name or website of the business, in 5 to 22 letters."
)
_ADDRESS = _("Stripe doesn't know this address. Check street, city and postcode, and use no post box.")
_TAX_NUMBER = _("The tax number isn't valid, or doesn't belong to this name. Check both.")
_WEBSITE = _(
    "Stripe couldn't check the website. It has to be online, open to everybody and about this business."
)
_WEBSITE_TEXT = _(
    "Something is missing on the website: what you sell, how to reach you, or your refund and cancellation terms."
)
_UNREADABLE = _("The document couldn't be read. Upload a colour photo of the whole page, in focus.")
_DOCUMENT = _("This document can't be used. Upload another kind, or one from another authority.")
_OTHER_DETAILS = _(
    "The document says something else than what was entered. Correct the details, or upload another."
)
_NOT_MATCHED = _("The details couldn't be confirmed. Check them for typing mistakes, or upload a document.")
_PEOPLE = _("The list of owners, directors or executives isn't complete, or names too many people.")
_SIGNATORY = _(
    "The person isn't known to have the right to act for the business. Add the proof, or somebody else."
)

WORDS: dict[str, Promise] = {
    "external_request": _("Somebody else, such as a bank or an authority, has asked for this."),
    "information_missing": _("Something is missing."),
    **dict.fromkeys(
        (
            "invalid_address_city_state_postal_code",
            "invalid_address_highway_contract_box",
            "invalid_address_private_mailbox",
            "invalid_street_address",
            "verification_failed_address_match",
            "verification_failed_residential_address",
        ),
        _ADDRESS,
    ),
    **dict.fromkeys(
        (
            "invalid_business_profile_name",
            "invalid_business_profile_name_denylisted",
            "invalid_company_name_denylisted",
        ),
        _BUSINESS_NAME,
    ),
    "invalid_dob_age_over_maximum": _("The date of birth can't be right. Enter it again."),
    "invalid_dob_age_under_18": _("The person has to be 18 or older."),
    "invalid_dob_age_under_minimum": _("The person is too young for this account."),
    "invalid_product_description_length": _("Describe what you sell in more words."),
    "invalid_product_description_url_match": _("What you sell and what your website shows aren't the same."),
    "invalid_representative_country": _(
        "The representative has to live in a country that Stripe takes here."
    ),
    "invalid_signator": _SIGNATORY,
    **dict.fromkeys(
        (
            "invalid_statement_descriptor_business_mismatch",
            "invalid_statement_descriptor_denylisted",
            "invalid_statement_descriptor_length",
            "invalid_statement_descriptor_prefix_denylisted",
            "invalid_statement_descriptor_prefix_mismatch",
        ),
        _STATEMENT_NAME,
    ),
    **dict.fromkeys(
        (
            "invalid_tax_id",
            "invalid_tax_id_format",
            "verification_failed_tax_id_match",
            "verification_failed_business_iec_number",
        ),
        _TAX_NUMBER,
    ),
    "verification_failed_tax_id_not_issued": _(
        "The authority doesn't know this tax number yet. A new one can take some weeks."
    ),
    "invalid_tos_acceptance": _("Stripe's terms have to be accepted again."),
    **dict.fromkeys(
        ("invalid_url_denylisted", "invalid_url_format", "invalid_url_length"),
        _("Enter the website's full address."),
    ),
    "invalid_url_web_presence_detected": _("You have a website: give its address."),
    **dict.fromkeys(
        (
            "invalid_url_website_business_information_mismatch",
            "invalid_url_website_empty",
            "invalid_url_website_inaccessible",
            "invalid_url_website_inaccessible_geoblocked",
            "invalid_url_website_inaccessible_password_protected",
            "invalid_url_website_incomplete_under_construction",
            "invalid_url_website_other",
        ),
        _WEBSITE,
    ),
    **dict.fromkeys(
        (
            "invalid_url_website_incomplete",
            "invalid_url_website_incomplete_cancellation_policy",
            "invalid_url_website_incomplete_customer_service_details",
            "invalid_url_website_incomplete_legal_restrictions",
            "invalid_url_website_incomplete_refund_policy",
            "invalid_url_website_incomplete_return_policy",
            "invalid_url_website_incomplete_terms_and_conditions",
        ),
        _WEBSITE_TEXT,
    ),
    "invalid_value_other": _("This can't be right. Enter it again."),
    "unsupported_business_type": _(
        "Stripe doesn't take this kind of business here. Choose another, or ask Stripe."
    ),
    **dict.fromkeys(
        (
            "verification_directors_mismatch",
            "verification_extraneous_directors",
            "verification_missing_directors",
            "verification_missing_executives",
            "verification_missing_owners",
            "verification_rejected_ownership_exemption_reason",
            "verification_legal_entity_structure_mismatch",
        ),
        _PEOPLE,
    ),
    **dict.fromkeys(
        (
            "verification_document_address_mismatch",
            "verification_document_directors_mismatch",
            "verification_document_dob_mismatch",
            "verification_document_id_number_mismatch",
            "verification_document_name_mismatch",
            "verification_document_nationality_mismatch",
            "verification_document_photo_mismatch",
        ),
        _OTHER_DETAILS,
    ),
    **dict.fromkeys(
        (
            "verification_document_corrupt",
            "verification_document_failed_copy",
            "verification_document_failed_greyscale",
            "verification_document_incomplete",
            "verification_document_not_readable",
        ),
        _UNREADABLE,
    ),
    **dict.fromkeys(
        (
            "verification_document_address_missing",
            "verification_document_country_not_supported",
            "verification_document_duplicate_type",
            "verification_document_failed_other",
            "verification_document_failed_test_mode",
            "verification_document_fraudulent",
            "verification_document_id_number_missing",
            "verification_document_invalid",
            "verification_document_issue_or_expiry_date_missing",
            "verification_document_manipulated",
            "verification_document_name_missing",
            "verification_document_type_not_supported",
        ),
        _DOCUMENT,
    ),
    "verification_document_expired": _("The document has expired. Upload one that is valid."),
    "verification_document_missing_back": _("The back of the document is missing."),
    "verification_document_missing_front": _("The front of the document is missing."),
    "verification_document_not_signed": _("The document isn't signed."),
    "verification_document_not_uploaded": _("The upload didn't arrive. Upload the document again."),
    "verification_document_too_large": _("The file is too large. Upload one below 10 MB."),
    **dict.fromkeys(
        (
            "verification_failed_document_match",
            "verification_failed_id_number_match",
            "verification_failed_keyed_identity",
            "verification_failed_keyed_match",
            "verification_failed_name_match",
            "verification_failed_other",
        ),
        _NOT_MATCHED,
    ),
    "verification_failed_authorizer_authority": _SIGNATORY,
    "verification_failed_representative_authority": _SIGNATORY,
    "verification_requires_additional_memorandum_of_associations": _(
        "Stripe needs the memorandum of association too."
    ),
    "verification_requires_additional_proof_of_registration": _(
        "Stripe needs another proof of registration."
    ),
    "verification_supportability": _("Stripe has questions about what you sell."),
}


def error_in_words(code: str) -> str:
    """What was wrong with what was sent; a code that Stripe added since gets a plain sentence."""
    return str(WORDS.get(code, UNKNOWN))


def errors_in_words(errors: Iterable[dict[str, Any]]) -> dict[str, str]:
    """What was wrong, by the code of the requirement that it keeps open."""
    return {error.get("requirement") or "": error_in_words(error.get("code") or "") for error in errors}
