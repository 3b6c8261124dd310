from django.apps import AppConfig
from django.contrib.admin import apps as admin


class AccountsConfig(AppConfig):
    default_auto_field = "django.db.models.BigAutoField"
    name = "accounts"

    def ready(self) -> None:
        from accounts import schema  # noqa: F401 - registers itself


class StaffAdminConfig(admin.AdminConfig):
    """Django's own admin, on our site."""

    default = False
    default_site = "accounts.staff_site.StaffSite"
