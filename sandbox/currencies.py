"""What the sandbox knows of currencies: exponents, minimum charges and Stripe's fixed fee, in minor units."""

ZERO_DECIMAL = frozenset(
    {
        "bif",
        "clp",
        "djf",
        "gnf",
        "jpy",
        "kmf",
        "krw",
        "mga",
        "pyg",
        "rwf",
        "ugx",
        "vnd",
        "vuv",
        "xaf",
        "xof",
        "xpf",
    }
)
THREE_DECIMAL = frozenset({"bhd", "jod", "kwd", "omr", "tnd"})
TWO_DECIMAL = frozenset(
    {
        "aed", "all", "amd", "aud", "azn", "bam", "bdt", "bgn", "brl", "cad", "chf", "cny", "cop", "crc", "czk",
        "dkk", "dop", "egp", "eur", "gbp", "gel", "ghs", "hkd", "huf", "idr", "ils", "inr", "isk", "jmd", "kes",
        "lkr", "mad", "mdl", "mkd", "mxn", "myr", "ngn", "nok", "nzd", "pen", "php", "pkr", "pln", "qar", "ron",
        "rsd", "sar", "sek", "sgd", "thb", "try", "twd", "tzs", "uah", "usd", "uyu", "uzs", "zar",
    }
)  # fmt: skip

# Stripe's smallest charge per currency; where it names none, the worth of about $0.50 is not enforced.
MINIMUM = {
    "aed": 200, "aud": 50, "bgn": 100, "brl": 50, "cad": 50, "chf": 50, "czk": 1500, "dkk": 250, "eur": 50,
    "gbp": 30, "hkd": 400, "huf": 17500, "inr": 50, "jpy": 50, "mxn": 1000, "myr": 200, "nok": 300, "nzd": 50,
    "pln": 200, "ron": 200, "sek": 300, "sgd": 50, "thb": 1000, "usd": 50,
}  # fmt: skip

# The fixed part of Stripe's fee; 2.9 % come on top.
FIXED_FEE = {
    "aed": 100, "aud": 30, "brl": 39, "cad": 30, "chf": 30, "dkk": 180, "eur": 25, "gbp": 20, "hkd": 235,
    "jpy": 30, "kwd": 100, "mxn": 300, "nok": 200, "nzd": 30, "pln": 100, "sek": 180, "sgd": 50, "usd": 30,
}  # fmt: skip

COUNTRY_CURRENCY = {
    "AE": "aed", "AT": "eur", "AU": "aud", "BE": "eur", "BG": "eur", "BR": "brl", "CA": "cad", "CH": "chf",
    "CY": "eur", "CZ": "czk", "DE": "eur", "DK": "dkk", "EE": "eur", "ES": "eur", "FI": "eur", "FR": "eur",
    "GB": "gbp", "GI": "gbp", "GR": "eur", "HK": "hkd", "HR": "eur", "HU": "huf", "IE": "eur", "IT": "eur",
    "JP": "jpy", "LI": "chf", "LT": "eur", "LU": "eur", "LV": "eur", "MT": "eur", "MX": "mxn", "MY": "myr",
    "NL": "eur", "NO": "nok", "NZ": "nzd", "PL": "pln", "PT": "eur", "RO": "ron", "SE": "sek", "SG": "sgd",
    "SI": "eur", "SK": "eur", "TH": "thb", "US": "usd",
}  # fmt: skip

SYMBOLS = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥"}
LARGEST_AMOUNT = 99_999_999


def is_known(currency: str) -> bool:
    """Tell whether Stripe charges in this currency (lower case)."""
    return currency in TWO_DECIMAL or currency in ZERO_DECIMAL or currency in THREE_DECIMAL


def exponent(currency: str) -> int:
    """Return how many digits of a currency stand behind the point."""
    if currency in ZERO_DECIMAL:
        return 0
    return 3 if currency in THREE_DECIMAL else 2


def stripe_fee(amount: int, currency: str) -> int:
    """Return Stripe's processing fee of a charge: 2.9 %, rounded half up, and the fixed part; minor units.

    Three-decimal currencies move in steps of ten, as Stripe wants their last digit to be 0.
    """
    fixed = FIXED_FEE.get(currency, 30 if exponent(currency) == 2 else 100 if exponent(currency) == 3 else 0)
    step = 10 if currency in THREE_DECIMAL else 1
    percent_part = (amount * 29 + 500 * step) // (1000 * step) * step
    return min(amount, percent_part + fixed)


def share(amount: int, part: int, whole: int) -> int:
    """Return `amount` × `part` ÷ `whole`, rounded half up; Stripe splits reversals and fee refunds this way."""
    return (2 * amount * part + whole) // (2 * whole)


def in_words(amount: int, currency: str) -> str:
    """Return an amount as a person reads it: `$54.58`, `−$1.75`, `¥1,015`, `1.500 KWD`."""
    digits = exponent(currency)
    text = f"{abs(amount):0{digits + 1}d}"
    whole, rest = (text[:-digits], "." + text[-digits:]) if digits else (text, "")
    number = f"{int(whole):,}{rest}"
    sign = "−" if amount < 0 else ""
    symbol = SYMBOLS.get(currency)
    return f"{sign}{symbol}{number}" if symbol else f"{sign}{number} {currency.upper()}"
