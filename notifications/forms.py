"""The form of what a person wants to be told."""

from collections.abc import Iterable, Iterator
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from accounts.models import Membership
from notifications.models import SalesMail
from notifications.services.choices import sales_mail_of


class MailChoicesForm(forms.Form):
    """How to hear of sales: one question for each membership."""

    def __init__(self, *args: Any, memberships: Iterable[Membership], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for membership in memberships:
            self.fields[f"sales_{membership.pk}"] = forms.ChoiceField(
                label=_("Sales of %(name)s") % {"name": membership.organization.name},
                choices=SalesMail.choices,
                initial=sales_mail_of(membership),
                widget=forms.RadioSelect,
            )

    def chosen(self) -> Iterator[tuple[int, str]]:
        """The memberships, by primary key, and what was chosen for each."""
        for name, sales in self.cleaned_data.items():
            yield int(name.removeprefix("sales_")), sales
