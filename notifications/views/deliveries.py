"""Where the mail provider says what became of a mail."""

import logging

from anymail.exceptions import AnymailWebhookValidationFailure
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from notifications.services.deliveries import read_events, record_events, tracking_view

logger = logging.getLogger(__name__)


@csrf_exempt
@login_not_required
@require_http_methods(["HEAD", "POST"])  # some providers try the address with HEAD
def mail_webhook(request: HttpRequest) -> HttpResponse:
    """Authenticate, keep what is said, answer; an error of ours is a 500, so that the provider says it again."""
    view = tracking_view()
    if view is None:
        return HttpResponse(status=400)
    if request.method == "HEAD":
        return HttpResponse()
    try:
        events = read_events(view, request)
    except AnymailWebhookValidationFailure:
        logger.warning("mail_webhook_refused")
        # Amazon SNS gives its password only to who asks for it.
        return HttpResponse(status=401, headers={"WWW-Authenticate": 'Basic realm="mail"'})
    except (ValueError, KeyError, TypeError, AttributeError):
        logger.warning("mail_webhook_unreadable")
        return HttpResponse(status=400)
    record_events(events)
    return HttpResponse()
