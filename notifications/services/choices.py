"""What a member has chosen to be told of: sales. Everything else is about money or tickets and always comes."""

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.access import roles_from
from accounts.models import Membership, Role, User
from maly.errors import Invalid, NotFound
from notifications.models import MailChoice, SalesMail

SIGNER = Signer(salt="notifications.sales-mail")


def choices_of(user: User) -> list[Membership]:
    """The memberships in which a person can hear of sales; one statement."""
    return list(
        Membership.objects.select_related("organization", "mail_choice")
        .filter(user=user, role__in=roles_from(Role.MANAGER))
        .order_by("organization__name", "pk")
    )


def sales_mail_of(membership: Membership) -> SalesMail:
    """What a member gets: their choice; without one owners and admins hear of each sale, managers of none."""
    chosen = getattr(membership, "mail_choice", None)
    if chosen is not None:
        return SalesMail(chosen.sales)
    return SalesMail.EACH if membership.role in roles_from(Role.ADMIN) else SalesMail.NEVER


def choose_sales_mail(user: User, *, membership_id: int, sales: str) -> MailChoice:
    """Keep how a member wants to hear of sales. Raises NotFound for somebody else's membership, Invalid."""
    if sales not in SalesMail.values:
        raise Invalid(_("Choose one of the answers."), attr="sales")
    membership = Membership.objects.filter(user=user, pk=membership_id).first()
    if membership is None:
        raise NotFound
    choice, _made = MailChoice.objects.update_or_create(membership=membership, defaults={"sales": sales})
    return choice


def unsubscribe_url(membership_id: int) -> str:
    """The address that ends a member's emails about sales; it works without signing in, and for nothing else."""
    token = SIGNER.sign(str(membership_id))
    return f"{settings.SITE_URL}{reverse('unsubscribe', args=[token])}"


def find_subscription(token: str) -> Membership:
    """The membership that an unsubscribe link is about; raises NotFound for one that has ended or was made up."""
    try:
        membership_id = int(SIGNER.unsign(token))
    except (BadSignature, ValueError):
        raise NotFound from None
    found = Membership.objects.select_related("organization", "mail_choice").filter(pk=membership_id).first()
    if found is None:
        raise NotFound
    return found


def stop_sales_mail(membership: Membership) -> None:
    """Send a member no more emails about sales. Twice is once."""
    MailChoice.objects.update_or_create(membership=membership, defaults={"sales": SalesMail.NEVER})
