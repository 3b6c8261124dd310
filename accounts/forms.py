"""Forms of accounts: sign-up, organizations, the team, API tokens."""

from typing import Any

from allauth.account.forms import RequestLoginCodeForm
from allauth.account.forms import SignupForm as AllauthSignupForm
from django import forms
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiToken, Organization, Role

ROLE_HINTS = {
    Role.OWNER: _("Owner: everything, and who else owns it"),
    Role.ADMIN: _("Admin: events, orders, payments and the team"),
    Role.MANAGER: _("Manager: events and orders"),
    Role.SCANNER: _("Scanner: lets people in at the door"),
}


class SignupForm(AllauthSignupForm):
    """django-allauth's form, which also asks for a name."""

    name = forms.CharField(
        label=_("Your name"),
        max_length=150,
        required=False,
        help_text=_("As it should stand on what you sell or buy."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    field_order = ["email", "name", "password1"]

    def try_save(self, request: HttpRequest) -> Any:
        """Of two sign-ups with one address at once, the second is answered as one that came later."""
        try:
            with transaction.atomic():
                return super().try_save(request)
        except IntegrityError:
            self.account_already_exists = True
            return super().try_save(request)


class CodeRequestForm(RequestLoginCodeForm):
    """Takes the address from the sign-in form's field too, so that one form serves password and code."""

    def __init__(self, data: Any = None, *args: Any, **kwargs: Any) -> None:
        if data and "email" not in data and "login" in data:
            data = data.copy()
            data["email"] = data["login"]
        super().__init__(data, *args, **kwargs)


class OrganizationForm(forms.ModelForm):
    """A new team organization."""

    class Meta:
        model = Organization
        fields = ["name", "slug"]
        labels = {"name": _("Organization name"), "slug": _("Web address")}
        help_texts = {
            "name": _("What buyers see beside your events, such as Harbour Arts."),
            "slug": _("Lower-case letters, digits and hyphens. Left empty, the name makes it."),
        }
        widgets = {"name": forms.TextInput(attrs={"autocomplete": "organization"})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["slug"].required = False


class InvitationForm(forms.Form):
    """Whom to invite, and as what."""

    email = forms.EmailField(
        label=_("Email"),
        help_text=_("We send them a link that works for seven days."),
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    role = forms.ChoiceField(label=_("Role"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, may_invite_owners: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = role_choices(may_invite_owners)  # type: ignore[attr-defined]
        self.fields["role"].initial = Role.MANAGER


class TokenForm(forms.ModelForm):
    """A new API token."""

    class Meta:
        model = ApiToken
        fields = ["name"]
        labels = {"name": _("What is it for?")}
        help_texts = {"name": _("Such as “Box office till”. It helps you to know it again.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["name"] = ""


def role_choices(with_owner: bool) -> list[tuple[str, Any]]:
    """The roles that somebody may hand out, with what they mean."""
    return [(role.value, words) for role, words in ROLE_HINTS.items() if with_owner or role != Role.OWNER]
