"""The report of revenue, as a page and for spreadsheets."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from adminpanel.access import staff_page
from adminpanel.forms.revenue import RevenueForm
from adminpanel.navigation import show
from adminpanel.selectors.periods import Step, presets, this_month, today
from adminpanel.selectors.revenue import list_currencies
from adminpanel.selectors.revenue_report import Report, read_report, report_rows
from maly.spreadsheets import stream_csv


@require_safe
@staff_page
def revenue(request: HttpRequest) -> HttpResponse:
    """A range of days in one currency; the range stands in the address, this month without one."""
    currencies = list_currencies()
    form = RevenueForm({**_defaults(currencies), **request.GET.dict()}, currencies=currencies)
    report = _read(form) if currencies and form.is_valid() else None
    ranges = [
        {"label": label, "query": _query(form, days), "is_current": report and report.days == days}
        for label, days in presets(today())
    ]
    query = urlencode(form.data)
    context = {
        "form": form,
        "report": report,
        "currencies": currencies,
        "presets": ranges,
        "query": query,
    }
    return show(request, "adminpanel/revenue.html", context)


@require_safe
@staff_page
def revenue_export(request: HttpRequest) -> HttpResponseBase:
    """The same report as CSV; the page says what is wrong with a range that isn't one."""
    currencies = list_currencies()
    form = RevenueForm({**_defaults(currencies), **request.GET.dict()}, currencies=currencies)
    if not (currencies and form.is_valid()):
        return redirect(f"{reverse('adminpanel:revenue')}?{urlencode(request.GET.dict())}")
    report = _read(form)
    name = f"revenue-{report.currency}-{report.days.since}-{report.days.until}.csv"
    return stream_csv(report_rows(report), name=name)


def _defaults(currencies: list[str]) -> dict[str, Any]:
    days = this_month(today())
    currency = currencies[0] if currencies else ""
    if "usd" in currencies:
        currency = "usd"
    return {"date_from": days.since, "date_to": days.until, "period": Step.DAILY, "currency": currency}


def _read(form: RevenueForm) -> Report:
    given = form.cleaned_data
    return read_report(form.days, currency=given["currency"], step=given["period"])


def _query(form: RevenueForm, days: Any) -> str:
    """A preset's address: a year by the month, less than that by the day; the currency stays."""
    step = Step.MONTHLY if days.days > 60 else Step.DAILY
    chosen = {"date_from": days.since, "date_to": days.until, "period": step}
    return urlencode({**chosen, "currency": form["currency"].value() or ""})
