"""The demo's mailbox: what Maly would have sent."""

import base64
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from notifications.models import MailboxMail

# A mail's own HTML: it is shown in a frame that may load pictures and nothing else.
MAIL_POLICY = {
    "default-src": ["'none'"],
    "script-src": ["'none'"],
    "form-action": ["'none'"],
    "img-src": ["'self'", "data:"],
    "style-src": ["'unsafe-inline'"],
    "frame-ancestors": ["'self'"],
}


def _require_mailbox() -> None:
    if not settings.SHOW_MAILBOX:
        raise Http404


@login_not_required
@require_safe
def mailbox(request: HttpRequest) -> HttpResponse:
    """The newest mails, newest first."""
    _require_mailbox()
    page = Paginator(MailboxMail.objects.order_by("-id"), 50).get_page(request.GET.get("page"))
    return render(request, "notifications/mailbox.html", {"page": page})


@login_not_required
@require_safe
def mailbox_mail(request: HttpRequest, mail_id: int) -> HttpResponse:
    """One mail: its HTML in a frame, its text and its attachments."""
    _require_mailbox()
    mail = get_object_or_404(MailboxMail, pk=mail_id)
    return render(request, "notifications/mailbox_mail.html", {"mail": mail})


@login_not_required
@require_safe
@xframe_options_sameorigin
def mailbox_html(request: HttpRequest, mail_id: int) -> HttpResponse:
    """The mail's HTML part alone, with its inline pictures."""
    _require_mailbox()
    mail = get_object_or_404(MailboxMail, pk=mail_id)
    html = mail.html
    for index, attachment in enumerate(mail.attachments):
        if attachment.get("content_id"):
            source = reverse("mailbox-attachment", args=[mail.pk, index])
            html = html.replace(f"cid:{attachment['content_id']}", source)
    response = HttpResponse(html)
    response._csp_replace = MAIL_POLICY  # type: ignore[attr-defined]
    return response


@login_not_required
@require_safe
def mailbox_attachment(request: HttpRequest, mail_id: int, index: int) -> HttpResponse:
    """An attachment, as its reader would save it."""
    _require_mailbox()
    mail = get_object_or_404(MailboxMail, pk=mail_id)
    if index >= len(mail.attachments):
        raise Http404
    attachment = mail.attachments[index]
    return HttpResponse(
        base64.b64decode(attachment["content"]),
        content_type=attachment["type"],
        headers={"Content-Disposition": f'inline; filename="{attachment["name"]}"'},
    )


@login_not_required
@require_safe
def mailbox_json(request: HttpRequest) -> HttpResponse:
    """Every kept mail, oldest first, for programs."""
    _require_mailbox()
    mails = MailboxMail.objects.order_by("id")
    return JsonResponse([_as_json(mail) for mail in mails], safe=False)


def _as_json(mail: MailboxMail) -> dict[str, Any]:
    return {
        "to": mail.to,
        "subject": mail.subject,
        "kind": mail.kind,
        "text": mail.text,
        "html": mail.html,
        "message_id": mail.message_id,
        "attachments": mail.attachments,
        "sent_at": mail.sent_at.isoformat(),
    }
