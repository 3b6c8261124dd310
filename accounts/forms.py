"""Forms of accounts: sign-up, organizations and their profile, the team, API tokens."""

from typing import Any

from allauth.account.forms import RequestLoginCodeForm
from allauth.account.forms import SignupForm as AllauthSignupForm
from django import forms
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.models import ApiToken, Membership, Organization, Role
from accounts.services.profiles import LONGEST_DESCRIPTION
from maly.forms import VersionedForm

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


class ProfileForm(VersionedForm):
    """What an organization says of itself. Its web address is fixed once buyers may have it."""

    name = forms.CharField(
        label=_("Name"),
        max_length=120,
        help_text=_("What buyers see beside your events."),
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
        error_messages={"required": _("Enter a name")},
    )
    slug = forms.CharField(
        label=_("Web address"),
        max_length=60,
        help_text=_(
            "The last part of your page’s link. You can change it until your first event is published."
        ),
        widget=forms.TextInput(
            attrs={"class": "code", "autocapitalize": "none", "spellcheck": "false", "autocomplete": "off"}
        ),
        error_messages={"required": _("Enter a web address, such as harbour-arts")},
    )
    logo = forms.FileField(
        label=_("Logo"),
        required=False,
        help_text=_("Square, 320 × 320 pixels or larger. JPEG, PNG or WebP, up to 10 MB."),
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp"}),
    )
    no_logo = forms.BooleanField(label=_("Take the logo off; the initials are shown instead"), required=False)
    tagline = forms.CharField(
        label=_("In one line"),
        required=False,
        max_length=140,
        help_text=_("Stands below the name, such as: Food, film and music on the waterfront."),
    )
    based_in = forms.CharField(
        label=_("Where you are"), required=False, max_length=120, help_text=_("A town or region.")
    )
    description = forms.CharField(
        label=_("About"),
        required=False,
        max_length=LONGEST_DESCRIPTION,
        help_text=_("Markdown works: **bold**, - lists, [links](https://example.com), ## headings."),
        widget=forms.Textarea(attrs={"rows": 8}),
    )
    website = forms.URLField(
        label=_("Website"),
        required=False,
        max_length=200,
        assume_scheme="https",
        widget=forms.URLInput(attrs={"autocomplete": "url"}),
        error_messages={"invalid": _("Enter a web address, like https://example.com")},
    )
    contact_email = forms.EmailField(
        label=_("Contact email"),
        required=False,
        help_text=_("Shown on your page and on your events, for buyers’ questions."),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={"invalid": _("Enter an email address, like name@example.com")},
    )

    def __init__(self, *args: Any, has_logo: bool, is_address_fixed: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not has_logo:
            del self.fields["no_logo"]
        if is_address_fixed:
            self.fields["slug"].disabled = True
            self.fields["slug"].help_text = _("Buyers may have the link, so it can’t change any more.")

    def clean_slug(self) -> str:
        return str(self.cleaned_data["slug"]).strip().lower()


class SellerForm(forms.Form):
    """The name under which somebody sells alone; left empty, it is their own."""

    name = forms.CharField(required=False, max_length=120)


class OwnerForm(forms.Form):
    """Whom to hand an organization over to; typing its web address stands for "I know what I am doing"."""

    member = forms.ChoiceField(
        label=_("New owner"), error_messages={"required": _("Choose who is to own the organization.")}
    )
    confirm = forms.CharField(
        label=_("Web address of the organization"),
        max_length=60,
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
        ),
    )

    def __init__(self, *args: Any, members: list[Membership], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(str(one.pk), f"{one.user} · {one.get_role_display()}") for one in members]
        self.fields["member"].choices = [("", "–"), *choices]  # type: ignore[attr-defined]


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
