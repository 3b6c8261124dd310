"""What each role may do, in words: the team page's table, and what a change of role changes.

`maly/tests/test_permission_table.py` holds it against every guarded page of the product, both ways.
"""

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import allows
from accounts.models import Role

# What may be done, by the least role that may.
PERMISSIONS: tuple[tuple[Promise, Role], ...] = (
    (gettext_lazy("Check people in at the door"), Role.SCANNER),
    (gettext_lazy("See who is in the team"), Role.SCANNER),
    (gettext_lazy("Create, edit, publish and pause events and tickets"), Role.MANAGER),
    (gettext_lazy("See orders and attendees, correct and resend tickets"), Role.MANAGER),
    (gettext_lazy("Make door links for volunteers"), Role.MANAGER),
    (gettext_lazy("Refund orders, answer disputes"), Role.ADMIN),
    (gettext_lazy("Cancel events"), Role.ADMIN),
    (gettext_lazy("Connect Stripe, choose payouts and who pays the fees"), Role.ADMIN),
    (gettext_lazy("See payouts and statements, pay out"), Role.ADMIN),
    (gettext_lazy("Edit the public profile"), Role.ADMIN),
    (gettext_lazy("Invite, change and remove members"), Role.ADMIN),
    (gettext_lazy("Disconnect Stripe"), Role.OWNER),
    (gettext_lazy("Make somebody an owner, hand the organization over"), Role.OWNER),
)


def permission_table() -> list[tuple[str, list[bool]]]:
    """Each thing with whether each role may do it, in the order of `Role`."""
    return [(str(words), [allows(role, least) for role in Role.values]) for words, least in PERMISSIONS]


def change_in_words(before: str, after: str) -> str:
    """What somebody may do with a new role that they couldn't before, or the other way round."""
    gained = [
        str(words) for words, least in PERMISSIONS if allows(after, least) and not allows(before, least)
    ]
    lost = [str(words) for words, least in PERMISSIONS if allows(before, least) and not allows(after, least)]
    if gained:
        return _("They can now also: %(list)s.") % {"list": "; ".join(gained)}
    return _("They can no longer: %(list)s.") % {"list": "; ".join(lost)} if lost else ""
