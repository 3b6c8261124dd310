"""Dresses django-allauth's forms for our templates."""

from django import template
from django.forms import Form
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

register = template.Library()

# The first mark that fits counts: most browsers also claim to be Chrome and Safari.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrom", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS", "macOS"),
    ("Linux", "Linux"),
)
ACCOUNT_PAGES = (
    (_("Email"), "account_email"),
    (_("Password"), "account_change_password"),
    (_("Two-factor"), "mfa_index"),
    (_("Sessions"), "usersessions_list"),
    (_("Notifications"), "mail-choices"),
    (_("API tokens"), "accounts:tokens"),
)


@register.filter
def plain(form: Form) -> Form:
    """The form without placeholders, which only repeat the labels, and with our one rule for new passwords."""
    for name, field in form.fields.items():
        autocomplete = field.widget.attrs.get("autocomplete")
        field.widget.attrs.pop("placeholder", None)
        if autocomplete == "new-password":
            words = gettext("At least 12 characters. A few words that you will remember are best.")
            # A second field only repeats the first.
            form[name].help_text = "" if name.endswith("2") else words
        elif autocomplete == "current-password":
            form[name].help_text = ""
    return form


@register.simple_tag
def account_pages(request: HttpRequest) -> list[dict[str, object]]:
    """The pages about one's own account, for the row of links above each of them."""
    urls = [(label, reverse(name)) for label, name in ACCOUNT_PAGES]
    return [{"label": label, "url": url, "current": request.path.startswith(url)} for label, url in urls]


@register.filter
def browser_name(user_agent: str) -> str:
    """What a person calls that browser: Firefox on Linux; what can't be told is left out, or quoted."""
    browser = next((name for mark, name in BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in SYSTEMS if mark in user_agent), "")
    if browser and system:
        return gettext("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or system or user_agent[:60] or gettext("Unknown browser")
