from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class ConnectConfig(AppConfig):
    default_auto_field = "django.db.models.BigAutoField"
    name = "connect"

    def ready(self) -> None:
        autodiscover_modules("webhooks")
