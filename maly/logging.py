"""Structured logs with a request id and without anything personal or secret."""

import re
from typing import Any

import structlog

SECRET = re.compile(r"(sk|rk|whsec|pk)_[A-Za-z0-9_]{6,}|\b[0-9a-f]{32,}\b")
EMAIL = re.compile(r"[^\s@=<>\"']+@[^\s@=<>\"']+\.[a-z]{2,}", re.IGNORECASE)
ACCOUNT = re.compile(r"acct_(\w{4})\w+(\w{4})")
CARD = re.compile(r"\b(?:\d[ -]?){13,19}\b")
QUERY = re.compile(r"\?\S+")
# PostgreSQL shows the whole row that it refuses.
DETAIL = re.compile(r"DETAIL:[^\n]*")
NEVER = {
    "email",
    "name",
    "password",
    "authorization",
    "cookie",
    "stripe_signature",
    "ip",
    "user_agent",
    "token",
}


def redact_text(text: str) -> str:
    """The text without keys, addresses, card numbers, full account ids, query strings or rows of a table."""
    text = DETAIL.sub("DETAIL: [row]", text)
    text = SECRET.sub("[secret]", QUERY.sub("?…", text))
    text = EMAIL.sub("[email]", text)
    return CARD.sub("[card]", ACCOUNT.sub(r"acct_\1…\2", text))


def redact(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    """A structlog processor that drops personal fields and cleans every string that is left."""
    clean = {key: value for key, value in event.items() if key.lower() not in NEVER}
    return {key: redact_text(value) if isinstance(value, str) else value for key, value in clean.items()}


_shared = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
    redact,
]
structlog.configure(
    processors=[
        structlog.stdlib.filter_by_level,
        structlog.stdlib.PositionalArgumentsFormatter(),
        *_shared,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
            "foreign_pre_chain": _shared,
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "django.request": {"level": "ERROR"},
        "django_structlog": {"level": "WARNING"},
        "stripe": {"level": "WARNING"},
        "djstripe": {"level": "ERROR"},
        "celery": {"level": "WARNING"},
    },
}
