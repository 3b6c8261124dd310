"""Staff's list of transactions, the same as a table, and one order with everything about its money."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from adminpanel.access import staff_page
from adminpanel.forms.transactions import TransactionForm
from adminpanel.navigation import show
from adminpanel.selectors.organization_choices import suggest_organizations
from adminpanel.selectors.transaction_detail import read_transaction
from adminpanel.selectors.transactions import TransactionList, export_rows, list_transactions
from maly.errors import NotFound
from maly.spreadsheets import stream_csv

TEMPLATE = "adminpanel/transactions.html"


@require_safe
@staff_page
def transaction_list(request: HttpRequest) -> HttpResponse:
    """Everybody's paid orders; filters, search and page stand in the address."""
    form = TransactionForm(request.GET)
    found = TransactionList()
    if form.is_valid():
        edges = {name: request.GET.get(name, "") for name in ("before", "after")}
        found = list_transactions(form.filters, **edges)
    context = {"form": form, "list": found, "organizations": suggest_organizations()}
    return show(request, TEMPLATE, context)


@require_safe
@staff_page
def transaction_export(request: HttpRequest) -> HttpResponseBase:
    """Every transaction that the filters let through, as CSV."""
    form = TransactionForm(request.GET)
    if not form.is_valid():
        context = {"form": form, "list": TransactionList(), "organizations": suggest_organizations()}
        return show(request, TEMPLATE, context, status=400)
    answer: StreamingHttpResponse = stream_csv(
        export_rows(form.filters), name=f"transactions-{timezone.now():%Y-%m-%d}.csv"
    )
    return answer


@require_safe
@staff_page
def transaction(request: HttpRequest, code: str) -> HttpResponse:
    """One order as staff see it."""
    page = read_transaction(code)
    if page is None:
        raise NotFound
    return show(request, "adminpanel/transaction.html", {"page": page, "order": page.order})
