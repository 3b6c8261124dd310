"""Tickets: one for each seat bought, and the QR code that shows it."""

import io
from collections.abc import Sequence
from itertools import chain, repeat

import segno

from ticketing.models import Order, OrderLine, Ticket


def issue_tickets(order: Order, lines: Sequence[OrderLine]) -> list[Ticket]:
    """Make the tickets of a paid order, each with its frozen share (minor units), in the caller's transaction."""
    tickets = [
        Ticket(
            order=order,
            line=line,
            event_id=order.event_id,
            ticket_type_id=line.ticket_type_id,
            user_id=order.user_id,
            holder_name=name or order.name,
            payment_status=Ticket.PaymentStatus.PAID if amounts["paid"] else Ticket.PaymentStatus.FREE,
            paid_amount=amounts["paid"],
            platform_fee_amount=amounts["platform_fee"],
            processing_fee_amount=amounts["processing_fee"],
            organizer_amount=amounts["organizer"],
        )
        for line in lines
        for amounts, name in zip(line.ticket_amounts, chain(line.attendee_names, repeat("")), strict=False)
    ]
    return Ticket.objects.bulk_create(tickets)


def make_qr(text: str) -> segno.QRCode:
    """The QR code of a signed text. What is signed looks random, so that one mask is as good as the best of eight,
    whose search would take five times as long.
    """
    return segno.make(text, error="m", micro=False, mask=2)


def qr_svg(text: str) -> str:
    """The QR code as an SVG element, black on white in every theme, sized by its class `qr`."""
    return make_qr(text).svg_inline(
        border=4, dark="#000", light="#fff", svgclass="qr", lineclass=None, omitsize=True
    )


def qr_png(text: str) -> bytes:
    """The QR code as a PNG, for mails."""
    image = io.BytesIO()
    make_qr(text).save(image, kind="png", scale=6, border=4)
    return image.getvalue()
