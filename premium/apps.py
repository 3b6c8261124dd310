from django.apps import AppConfig


class PremiumConfig(AppConfig):
    """The monthly and yearly subscription to the platform."""

    name = "premium"
    default_auto_field = "django.db.models.BigAutoField"
