"""The audit log: who did what to whom, and why; and all of it as a table for spreadsheets."""

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.models import AuditEntry
from adminpanel.access import staff_page
from adminpanel.navigation import show
from adminpanel.selectors.audit import export_rows, list_entries
from adminpanel.selectors.audit_filters import list_actions, list_chips, read_filters
from maly.spreadsheets import stream_csv


@staff_page
@require_safe
def audit(request: HttpRequest) -> HttpResponse:
    """The log, newest first; filters and page stand in the address."""
    filters = read_filters(request.GET)
    found = list_entries(filters, before=request.GET.get("before", ""), after=request.GET.get("after", ""))
    context = {
        "list": found,
        "filters": filters,
        "chips": list_chips(filters),
        "actions": list_actions(),
        "kinds": AuditEntry.Actor.choices,
    }
    return show(request, "adminpanel/audit.html", context)


@staff_page
@require_safe
def audit_csv(request: HttpRequest) -> StreamingHttpResponse:
    """Every entry that the filters let through, as CSV."""
    name = f"audit-{timezone.now():%Y-%m-%d}.csv"
    return stream_csv(export_rows(read_filters(request.GET)), name=name)
