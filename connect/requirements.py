"""Stripe's requirement codes in words that an organizer can act on (docs.stripe.com/connect/handling-api-verification).

A code is a path such as `individual.dob.day` or `person_1AbC.verification.document`: the first part says who or what
it is about, the rest what is missing.
"""

from collections.abc import Iterable

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Words = str | Promise

UNKNOWN = _("More information")

# By whole code.
WHOLE: dict[str, Words] = {
    "external_account": _("Bank account for payouts"),
    "business_type": _("Kind of business"),
    "business_profile.mcc": _("What you sell"),
    "business_profile.url": _("Website"),
    "business_profile.name": _("Business name"),
    "business_profile.product_description": _("Description of what you sell"),
    "business_profile.support_email": _("Support email address"),
    "business_profile.support_phone": _("Support phone number"),
    "business_profile.support_url": _("Support page"),
    "business_profile.annual_revenue": _("Yearly revenue"),
    "business_profile.estimated_worker_count": _("Number of people who work for you"),
    "business_profile.minority_owned_business_designation": _("Ownership designation"),
    "business_profile.monthly_estimated_revenue": _("Monthly revenue"),
    "business_profile.support_address": _("Support address"),
    "tos_acceptance": _("Accept Stripe's terms"),
    "settings.payments.statement_descriptor": _("Name on card statements"),
    "settings.card_payments.statement_descriptor_prefix": _("Name on card statements"),
    "company": _("Company details"),
    "company.name": _("Company name"),
    "company.name_kana": _("Company name in kana"),
    "company.name_kanji": _("Company name in kanji"),
    "company.phone": _("Company phone number"),
    "company.tax_id": _("Company tax number"),
    "company.tax_id_registrar": _("Company register"),
    "company.registration_number": _("Company registration number"),
    "company.vat_id": _("VAT number"),
    "company.structure": _("Legal form of the company"),
    "company.address": _("Company address"),
    "company.address_kana": _("Company address in kana"),
    "company.address_kanji": _("Company address in kanji"),
    "company.directors_provided": _("Confirm the list of directors"),
    "company.executives_provided": _("Confirm the list of executives"),
    "company.owners_provided": _("Confirm the list of owners"),
    "company.directorship_declaration": _("Statement about the directors"),
    "company.ownership_declaration": _("Statement about the owners"),
    "company.ownership_exemption_reason": _("Why owners aren't listed"),
    "company.export_license_id": _("Export licence"),
    "company.export_purpose_code": _("Export purpose code"),
    "company.registration_date": _("Date of registration"),
    "company.representative_declaration": _("Statement about the representative"),
    "company.verification.document": _("Document about the company"),
    "owners": _("The owners of the company"),
    "directors": _("The directors of the company"),
    "executives": _("The executives of the company"),
    "representative": _("The person who represents the business"),
    "individual": _("Details about you"),
    "documents.bank_account_ownership_verification": _("Proof that the bank account is yours"),
    "documents.company_license": _("Company licence"),
    "documents.company_memorandum_of_association": _("Memorandum of association"),
    "documents.company_ministerial_decree": _("Ministerial decree"),
    "documents.company_registration_verification": _("Proof of company registration"),
    "documents.company_tax_id_verification": _("Proof of the company's tax number"),
    "documents.proof_of_address": _("Proof of address"),
    "documents.proof_of_registration": _("Proof of registration"),
    "documents.proof_of_ultimate_beneficial_ownership": _("Proof of who owns the company"),
}

# Of a person (individual, representative, owners, directors, executives, person_…), by what follows.
PERSON: dict[str, Words] = {
    "address": _("Home address"),
    "address_kana": _("Home address in kana"),
    "address_kanji": _("Home address in kanji"),
    "dob": _("Confirm your date of birth"),
    "email": _("Email address"),
    "first_name": _("First name"),
    "first_name_kana": _("First name in kana"),
    "first_name_kanji": _("First name in kanji"),
    "last_name": _("Last name"),
    "last_name_kana": _("Last name in kana"),
    "last_name_kanji": _("Last name in kanji"),
    "maiden_name": _("Maiden name"),
    "full_name_aliases": _("Other names you have used"),
    "gender": _("Gender"),
    "id_number": _("Identity number"),
    "id_number_secondary": _("Second identity number"),
    "ssn_last_4": _("Last four digits of your social security number"),
    "nationality": _("Nationality"),
    "phone": _("Phone number"),
    "political_exposure": _("Whether you hold a political office"),
    "registered_address": _("Registered address"),
    "relationship": _("Your part in the business"),
    "additional_tos_acceptances": _("Accept Stripe's terms"),
    "us_cfpb_data": _("Details for US statistics"),
    "verification.document": _("Identity document"),
    "verification.additional_document": _("Proof of address"),
    "verification.proof_of_liveness": _("Proof that it is you"),
    "verification": _("Identity check"),
    "documents": _("Documents"),
    "documents.company_authorization": _("Proof that you may act for the company"),
    "documents.passport": _("Passport"),
    "documents.visa": _("Visa"),
}
PEOPLE = ("individual", "representative", "owners", "directors", "executives", "authorizers")

# Why Stripe has switched something off (`disabled_reason`).
DISABLED: dict[str, Words] = {
    "requirements.past_due": _("Stripe is waiting for information that is overdue."),
    "requirements.pending_verification": _("Stripe is checking what you sent."),
    "action_required.requested_capabilities": _("Stripe needs you to finish setting up payments."),
    "under_review": _("Stripe is reviewing the account."),
    "listed": _("Stripe is checking the account against a list."),
    "platform_paused": _("The account is paused."),
    "other": _("Stripe is reviewing the account."),
}
REJECTED = _("Stripe has rejected the account.")
# The rejections that say what for; of the others Stripe itself gives no reason.
REJECTIONS: dict[str, Words] = {
    "rejected.incomplete_verification": _("Stripe has rejected the account: it was never verified in full."),
    "rejected.listed": _("Stripe has rejected the account: somebody behind it is on a list of sanctions."),
    "rejected.terms_of_service": _("Stripe has rejected the account: its terms don't allow this business."),
    "rejected.platform_terms_of_service": _("The account was closed: our terms don't allow this business."),
    "rejected.platform_fraud": _("The account was closed by us."),
    "rejected.platform_other": _("The account was closed by us."),
}


def requirement_words(code: str) -> str:
    """One requirement in words; a code that isn't known is "More information"."""
    owner, _dot, rest = code.partition(".")
    if owner in PEOPLE or owner.startswith("person_"):
        known = _longest(rest, PERSON) if rest else WHOLE.get(owner)
    else:
        known = _longest(code, WHOLE)
    return str(known or UNKNOWN)


def requirements_in_words(codes: Iterable[str]) -> list[str]:
    """Requirements in words, each once (day, month and year of a birth date are one thing), in Stripe's order."""
    return list(dict.fromkeys(requirement_words(code) for code in codes))


def disabled_reason_words(reason: str | None) -> str:
    """Why Stripe has switched something off; nothing when it hasn't."""
    if not reason:
        return ""
    if reason.startswith("rejected."):
        return str(REJECTIONS.get(reason, REJECTED))
    return str(DISABLED.get(reason, DISABLED["other"]))


def _longest(code: str, table: dict[str, Words]) -> Words | None:
    """The words of the longest beginning of a code that the table knows, cut at dots."""
    parts = code.split(".")
    for length in range(len(parts), 0, -1):
        if found := table.get(".".join(parts[:length])):
            return found
    return None
