"""Statements as files, for pages and the API."""

from collections.abc import Sequence

from django.http import HttpResponse

from maly.spreadsheets import BYTE_ORDER_MARK
from payouts.services.statement_csv import write_csv
from payouts.services.statement_pdf import write_pdf
from payouts.services.statements import Statement


def send_csv(statements: Sequence[Statement]) -> HttpResponse:
    """A month's statements as one table, for download."""
    return _send(BYTE_ORDER_MARK + write_csv(statements), "text/csv; charset=utf-8", "csv", statements[0])


def send_pdf(statements: Sequence[Statement]) -> HttpResponse:
    """A month's statements as one document, for download."""
    return _send(write_pdf(statements), "application/pdf", "pdf", statements[0])


def _send(content: str | bytes, content_type: str, ending: str, statement: Statement) -> HttpResponse:
    name = f"statement-{statement.organization.slug}-{statement.month}.{ending}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"}
    return HttpResponse(content, content_type=content_type, headers=headers)
