"""The mails that buyers ask for themselves: a link to their orders, and word that an order has another address."""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from notifications.registry import Mail, message
from notifications.render import Letter, render_letter
from ticketing import links, mail_examples
from ticketing.models import Order
from ticketing.services.finding import LINK_MINUTES, make_link_token


@message("find_tickets", example=mail_examples.address, is_private=True)
def find_tickets(ids: dict[str, Any]) -> Mail:
    """The link to everything that was bought with an address."""
    letter = Letter(
        subject=_("Your tickets"),
        heading=_("Your tickets"),
        preview=_("The link works for %(minutes)s minutes.") % {"minutes": LINK_MINUTES},
        paragraphs=[
            _(
                "Here is the link to everything that was bought with this address. It works for %(minutes)s minutes."
            )
            % {"minutes": LINK_MINUTES}
        ],
        action=(_("Show my tickets"), links.my_tickets_url(make_link_token(ids["email"]))),
        after=[_("If you didn’t ask for it, you have nothing to do: nobody else can see this link.")],
        footer=_("Sent by %(platform)s because somebody entered %(email)s at Find my tickets.")
        % {"platform": settings.PLATFORM_NAME, "email": ids["email"]},
    )
    return render_letter(letter)


@message("order_email_changed", example=mail_examples.paid_order)
def order_email_changed(ids: dict[str, Any]) -> Mail:
    """To the address that an order had before: that it has another, without saying which."""
    order = Order.objects.select_related("event", "organization").get(pk=ids["order"])
    organizer = order.organization
    letter = Letter(
        subject=_("The tickets of order %(code)s go to another address now") % {"code": order.code},
        heading=_("Your tickets go to another address now"),
        preview=_("If this wasn’t you, tell us."),
        paragraphs=[
            _(
                "Whoever bought them has changed the email address. "
                "The link and the codes that this address had don’t work any more."
            ),
            _("If this wasn’t you, reply to this email and %(organizer)s will help you.")
            % {"organizer": organizer.name}
            if organizer.contact_email
            else _("If this wasn’t you, write to %(email)s.") % {"email": settings.PLATFORM_SUPPORT_EMAIL},
        ],
        facts=[(_("Order"), order.code), (_("Event"), order.event.title)],
        footer=_("Sent by %(platform)s for %(organizer)s because this was the address of order %(code)s.")
        % {"platform": settings.PLATFORM_NAME, "organizer": organizer.name, "code": order.code},
    )
    return render_letter(letter, reply_to=organizer.contact_email)
