"""The parts of Stripe's objects that the sandbox never fills in: fields an object has though nothing uses them."""

from typing import Any

ADDRESS_FIELDS = ("city", "country", "line1", "line2", "postal_code", "state")


def address() -> dict[str, Any]:
    """Return an empty address."""
    return dict.fromkeys(ADDRESS_FIELDS)


def empty_list(url: str) -> dict[str, Any]:
    """Return a list object without members."""
    return {"object": "list", "data": [], "has_more": False, "url": url}


def requirements() -> dict[str, Any]:
    """Return requirements of which none is due."""
    return {
        "alternatives": [],
        "current_deadline": None,
        "currently_due": [],
        "disabled_reason": None,
        "errors": [],
        "eventually_due": [],
        "past_due": [],
        "pending_verification": [],
    }


def account_settings() -> dict[str, Any]:
    """Return a connected account's settings as they are at its creation: daily payouts, two days behind."""
    descriptors = ("statement_descriptor", "statement_descriptor_kana", "statement_descriptor_kanji")
    return {
        "bacs_debit_payments": {"display_name": None, "service_user_number": None},
        "branding": {"icon": None, "logo": None, "primary_color": None, "secondary_color": None},
        "card_issuing": {"tos_acceptance": {"date": None, "ip": None}},
        "card_payments": {
            "decline_on": {"avs_failure": False, "cvc_failure": False},
            "statement_descriptor_prefix": None,
            "statement_descriptor_prefix_kana": None,
            "statement_descriptor_prefix_kanji": None,
        },
        "dashboard": {"display_name": None, "timezone": "Etc/UTC"},
        "invoices": {"default_account_tax_ids": None, "hosted_payment_method_save": None},
        "payments": dict.fromkeys(descriptors),
        "payouts": {
            "debit_negative_balances": True,
            "schedule": {"delay_days": 2, "interval": "daily"},
            "statement_descriptor": None,
        },
        "sepa_debit_payments": {},
    }


def business_profile() -> dict[str, Any]:
    """Return an empty business profile."""
    return {
        "annual_revenue": None,
        "estimated_worker_count": None,
        "mcc": None,
        "minority_owned_business_designation": None,
        "name": None,
        "product_description": None,
        "support_address": None,
        "support_email": None,
        "support_phone": None,
        "support_url": None,
        "url": None,
    }


def card_details(card: dict[str, Any]) -> dict[str, Any]:
    """Return a charge's card details around what is known of the card."""
    checks = {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"}
    return {
        "amount_authorized": None,
        "authorization_code": None,
        "checks": checks,
        "country": "US",
        "extended_authorization": {"status": "disabled"},
        "funding": "credit",
        "incremental_authorization": {"status": "unavailable"},
        "installments": None,
        "mandate": None,
        "multicapture": {"status": "unavailable"},
        "network_token": {"used": False},
        "network_transaction_id": None,
        "overcapture": {"maximum_amount_capturable": 0, "status": "unavailable"},
        "regulated_status": "unregulated",
        "three_d_secure": None,
        "wallet": None,
    } | card
