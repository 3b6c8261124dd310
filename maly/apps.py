from django.apps import AppConfig


class MalyConfig(AppConfig):
    name = "maly"

    def ready(self) -> None:
        from maly import checks  # noqa: F401  registers itself
