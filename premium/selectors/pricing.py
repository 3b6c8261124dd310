"""The page of Premium: what it costs, what it gives, and how it stands for whoever looks."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import AnonymousUser
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Organization, User
from accounts.premium import HOST_FEE_PLAN, Benefit, premium_until
from connect.models import FeePlan, FeeTerms
from connect.selectors import terms_of_plan
from connect.services.fees import FeeTermsInForce, rate_text
from maly.money import format_amount
from premium.access import find_subscription
from premium.models import Subscription
from premium.plans import MONTHLY, PLANS, YEARLY, Plan
from premium.wording import (
    MEANING,
    PLACES,
    Standing,
    Words,
    price_text,
    rate_in_words,
    saving_in_words,
    standing_of,
)


@dataclass(frozen=True)
class BenefitLine:
    """One thing that Premium gives, with its page for those who have it."""

    benefit: Benefit
    name: str
    words: Words
    url: str


@dataclass(frozen=True)
class PlanCard:
    """One way to pay."""

    code: str
    name: str
    price: str
    each: Words
    rate: str
    words: str


@dataclass(frozen=True)
class PricingPage:
    """What the page shows; `subscription` is the visitor's living one, or the one that ended last."""

    plans: list[PlanCard]
    benefits: list[BenefitLine]
    subscription: Subscription | None
    lasts_until: datetime | None

    @property
    def is_subscribed(self) -> bool:
        return self.subscription is not None and not self.subscription.is_over

    @property
    def standing(self) -> Standing | None:
        if self.subscription is None:
            return None
        return standing_of(self.subscription, lasts_until=self.lasts_until)


def pricing_page(visitor: User | AnonymousUser) -> PricingPage:
    """The page for a visitor; four queries, two for somebody who isn't signed in."""
    person = visitor if isinstance(visitor, User) else None
    return PricingPage(
        plans=[_card(YEARLY), _card(MONTHLY)],
        benefits=list(benefit_lines(with_links=person is not None)),
        subscription=find_subscription(person) if person else None,
        lasts_until=premium_until(person) if person else None,
    )


def benefit_lines(*, with_links: bool) -> Iterator[BenefitLine]:
    """All that Premium gives, from its declaration."""
    for benefit in Benefit:
        words = _lower_fee() if benefit == Benefit.LOWER_FEE else MEANING[benefit]
        url = _address(PLACES[benefit]) if with_links else ""
        yield BenefitLine(benefit, str(benefit.label), words, url)


def _card(plan: Plan) -> PlanCard:
    is_yearly = plan.code == YEARLY.code
    return PlanCard(
        code=plan.code.value,
        name=str(plan.code.label),
        price=price_text(plan.amount, plan.currency),
        each=plan.each,
        rate=rate_in_words(plan),
        words=saving_in_words(YEARLY, MONTHLY) if is_yearly else _("Cancel any month."),
    )


def _lower_fee() -> Words:
    """The two rates as they are in force: 2% + $0.75 a ticket instead of 4% + $0.75, under your own name."""
    usual, lower = _terms(is_default_for=Organization.Kind.PERSONAL), _terms(code=HOST_FEE_PLAN)
    if usual is None or lower is None:
        return MEANING[Benefit.LOWER_FEE]
    rates = {"lower": _rate(lower), "usual": _rate(usual)}
    return _("%(lower)s a ticket instead of %(usual)s, on what you sell under your own name.") % rates


def _terms(**plan: str) -> FeeTermsInForce | None:
    begun = FeeTerms.objects.filter(
        plan__in=FeePlan.objects.filter(**plan), currency=MONTHLY.currency, effective_from__lte=timezone.now()
    )
    found = begun.select_related("plan").first()
    return terms_of_plan(found) if found else None


def _rate(terms: FeeTermsInForce) -> str:
    percent = f"{rate_text(terms.percent)}%"
    if not terms.fixed_amount:
        return percent
    return f"{percent} + {format_amount(terms.fixed_amount, terms.currency)}"


def _address(url_name: str) -> str:
    try:
        return reverse(url_name)
    except NoReverseMatch:
        return ""


def is_plan(code: str) -> bool:
    """Whether there is such a plan."""
    return code in PLANS
