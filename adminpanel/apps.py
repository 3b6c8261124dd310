from django.apps import AppConfig


class AdminpanelConfig(AppConfig):
    """Platform staff's pages and calls over everything."""

    name = "adminpanel"
    default_auto_field = "django.db.models.BigAutoField"
