from django.apps import AppConfig


class SandboxConfig(AppConfig):
    """Makes `manage.py stripe_sandbox` known to Django; the sandbox has no models."""

    name = "sandbox"
    verbose_name = "Stripe sandbox"
