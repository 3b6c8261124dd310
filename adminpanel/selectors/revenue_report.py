"""The report of revenue: a range of days in parts, beside the range before it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from adminpanel.selectors.charts import chart_data
from adminpanel.selectors.periods import Range, Step, range_before, start_of
from adminpanel.selectors.revenue import NOTHING, Figures, daily_revenue, fold_revenue, growth_in_words
from maly.money import to_decimal


@dataclass(frozen=True)
class ReportRow:
    """A part of the range as its row of the table: its days in words, and an amount for each column."""

    label: str
    figures: Figures
    cells: list[int]

    @property
    def orders(self) -> str:
        return f"{self.figures.order_count:,}"


@dataclass(frozen=True, kw_only=True)
class Report:
    """A currency's figures in each part of a range, even those without any, and their sums; the range before beside."""

    currency: str
    step: str
    days: Range
    before: Range
    parts: list[tuple[Range, Figures]]
    total: Figures
    total_before: Figures

    @property
    def is_empty(self) -> bool:
        return self.total == NOTHING and all(figures == NOTHING for _days, figures in self.parts)

    @property
    def has_premium(self) -> bool:
        return any(figures.premium for _days, figures in self.parts)

    @property
    def rows(self) -> list["ReportRow"]:
        return [ReportRow(self._label(days), figures, self._cells(figures)) for days, figures in self.parts]

    @property
    def total_orders(self) -> str:
        return f"{self.total.order_count:,}"

    @property
    def total_cells(self) -> list[int]:
        return self._cells(self.total)

    def _label(self, days: Range) -> str:
        """Sun 1 Nov, or with its year where there are several; a month that is whole by its name."""
        is_one_year = self.days.since.year == self.days.until.year
        if self.step == Step.DAILY:
            return date_format(days.since, "D j M" if is_one_year else "D j M Y")
        if self.step == Step.MONTHLY and days.is_whole_months:
            return date_format(days.since, "F Y")
        return days.short if is_one_year else str(days)

    def _cells(self, figures: Figures) -> list[int]:
        """What buyers paid, and the columns of which the last is the sum."""
        premium = [figures.premium] if self.has_premium else []
        return [figures.gmv, figures.collected, *premium, *figures.costs.values(), figures.net]

    @property
    def collected_growth(self) -> str:
        return growth_in_words(self.total.collected, self.total_before.collected)

    @property
    def net_growth(self) -> str:
        return growth_in_words(self.total.net, self.total_before.net)

    @property
    def chart(self) -> dict[str, Any]:
        return chart_data(self.parts, self.currency)


def read_report(days: Range, *, currency: str, step: str) -> Report:
    """The report of a range in one currency; two statements."""
    before = range_before(days)
    daily = daily_revenue(days, currency=currency)
    folded = fold_revenue(daily, step)
    parts = [(part, folded.get((start_of(part.since, step), currency), NOTHING)) for part in days.parts(step)]
    return Report(
        currency=currency,
        step=step,
        days=days,
        before=before,
        parts=parts,
        total=sum(daily.values(), NOTHING),
        total_before=sum(daily_revenue(before, currency=currency).values(), NOTHING),
    )


def report_rows(report: Report) -> Iterator[list[object]]:
    """The report as a table for spreadsheets, in the currency's main unit: every column that adds up to the last."""
    yield [
        _("From"),
        _("To"),
        _("Currency"),
        _("Orders"),
        _("Paid by buyers"),
        _("Refunded to buyers"),
        _("To organizers"),
        _("Disputed"),
        _("Platform fees"),
        _("Processing recovered"),
        _("Premium"),
        _("Stripe's fees"),
        _("Dispute fees"),
        _("Losses"),
        _("Kept"),
    ]
    for days, figures in report.parts:
        amounts = (
            figures.gmv,
            figures.refunds,
            figures.organizer_revenue,
            figures.disputes,
            figures.platform_fees,
            figures.processing_recovered,
            figures.premium,
            -figures.stripe_fees,
            -figures.dispute_fees,
            -figures.losses,
            figures.net,
        )
        currency = report.currency
        money = [to_decimal(amount, currency) for amount in amounts]
        yield [days.since, days.until, currency.upper(), figures.order_count, *money]
