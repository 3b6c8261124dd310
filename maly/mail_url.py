"""EMAIL_URL: the one line of the environment that says who carries our mail, and what it means for the settings.

Plain mail servers by smtp://, smtp+tls:// or smtp+ssl://; the providers below by their HTTP API through django-anymail,
with the key where a user's name would stand: `postmark://<server token>@`, `mailgun://<key>@mg.example.com?region=eu`.
"""

from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

SMTP = {"smtp": {}, "smtp+tls": {"EMAIL_USE_TLS": True}, "smtp+ssl": {"EMAIL_USE_SSL": True}}
PORTS = {"smtp": 25, "smtp+tls": 587, "smtp+ssl": 465}
OTHER = {
    "consolemail": "django.core.mail.backends.console.EmailBackend",
    "dummymail": "django.core.mail.backends.dummy.EmailBackend",
    "mailbox": "notifications.mailbox.MailboxBackend",
}
# Scheme: django-anymail's backend, and the names of its settings for user and password. Only those that take our mail
# as it is, inline pictures and all; the others can be reached as mail servers.
PROVIDERS = {
    "mailgun": ("mailgun", "MAILGUN_API_KEY", ""),
    "mailtrap": ("mailtrap", "MAILTRAP_API_TOKEN", ""),
    "mailjet": ("mailjet", "MAILJET_API_KEY", "MAILJET_SECRET_KEY"),
    "postmark": ("postmark", "POSTMARK_SERVER_TOKEN", ""),
    "resend": ("resend", "RESEND_API_KEY", ""),
    "ses": ("amazon_ses", "", ""),
    "sparkpost": ("sparkpost", "SPARKPOST_API_KEY", ""),
}
# What a provider calls the secret by which it signs its webhooks, given as `?signing=`.
SIGNING = {
    "mailgun": "MAILGUN_WEBHOOK_SIGNING_KEY",
    "resend": "RESEND_SIGNING_SECRET",
}
TIMEOUT_SECONDS = 20


class BadMailUrl(ValueError):
    """Raised for an EMAIL_URL that no mail could be sent by."""


def mail_settings(url: str) -> dict[str, Any]:
    """The settings of an EMAIL_URL; MAIL_PROVIDER is empty where no provider's webhooks follow. Raises BadMailUrl."""
    parts = urlsplit(url)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    if parts.scheme in PROVIDERS:
        return _provider(parts.scheme, user, password, parts.hostname or "", options)
    if parts.scheme in OTHER:
        return {"EMAIL_BACKEND": OTHER[parts.scheme], "MAIL_PROVIDER": ""}
    if parts.scheme not in SMTP or not parts.hostname:
        known = ", ".join([*SMTP, *PROVIDERS, *OTHER])
        raise BadMailUrl(f"EMAIL_URL must begin with one of {known} and name a server or a key.")
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or PORTS[parts.scheme],
        "EMAIL_HOST_USER": user,
        "EMAIL_HOST_PASSWORD": password,
        **SMTP[parts.scheme],
        "MAIL_PROVIDER": "",
    }


def _provider(scheme: str, user: str, password: str, host: str, options: dict[str, str]) -> dict[str, Any]:
    module, key_name, secret_name = PROVIDERS[scheme]
    if key_name and not user:
        raise BadMailUrl(f"EMAIL_URL lacks the key: {scheme}://<key>@")
    anymail: dict[str, Any] = {"REQUESTS_TIMEOUT": TIMEOUT_SECONDS}
    if key_name:
        anymail[key_name] = user
    if secret_name:
        anymail[secret_name] = password
    if scheme == "mailgun" and host:
        anymail["MAILGUN_SENDER_DOMAIN"] = host
        if options.get("region") == "eu":
            anymail["MAILGUN_API_URL"] = "https://api.eu.mailgun.net/v3"
    if scheme == "ses":
        anymail["AMAZON_SES_CLIENT_PARAMS"] = _amazon(user, password, host)
    if scheme in SIGNING and options.get("signing"):
        anymail[SIGNING[scheme]] = options["signing"]
    return {
        "EMAIL_BACKEND": f"anymail.backends.{module}.EmailBackend",
        "ANYMAIL": anymail,
        "MAIL_PROVIDER": module,
    }


def _amazon(user: str, password: str, region: str) -> dict[str, Any]:
    """Without keys the machine's own role counts."""
    given = {"aws_access_key_id": user, "aws_secret_access_key": password, "region_name": region}
    return {name: value for name, value in given.items() if value}
