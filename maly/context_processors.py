"""What every page knows of the platform that serves it."""

from django.conf import settings
from django.http import HttpRequest

THEMES = ("light", "dark")


def platform(request: HttpRequest) -> dict[str, str]:
    """The platform's name and help address, and the visitor's theme (none: the system decides)."""
    theme = request.COOKIES.get("theme", "")
    return {
        "platform_name": settings.PLATFORM_NAME,
        "support_email": settings.PLATFORM_SUPPORT_EMAIL,
        "theme": theme if theme in THEMES else "",
    }
