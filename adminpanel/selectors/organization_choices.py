"""Organizations to choose from where a list is narrowed down: some as suggestions, any by its name or address."""

from accounts.models import Organization

SUGGESTED = 100


def suggest_organizations() -> list[Organization]:
    """The newest ones; a field takes any other too."""
    return list(Organization.objects.order_by("-pk").only("slug", "name")[:SUGGESTED])
