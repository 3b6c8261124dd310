"""Users, their groups, who is in which organization, and the addresses and sessions that django-allauth keeps."""

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group
from django.http import HttpRequest, HttpResponse
from unfold.forms import AdminPasswordChangeForm

from accounts.admin.actions import Acting, confirmed
from accounts.admin.base import Audited, ReadOnly, StaffAdmin, TabularInline, require_recent_sign_in
from accounts.models import AuditEntry, Invitation, Membership, User
from accounts.services import audit
from accounts.services.mfa import remove_second_factors

RIGHTS = ("is_active", "is_platform_admin", "is_staff", "is_superuser", "groups")
for _theirs in (Group, EmailAddress, Authenticator, UserSession):
    admin.site.unregister(_theirs)


class MembershipInline(ReadOnly, TabularInline):
    model = Membership
    fields = ["user", "organization", "role", "created_at"]


class UserCreationForm(AdminUserCreationForm):
    """Addresses are kept in lower case, as sign-up keeps them."""

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()


@admin.register(User)
class UserAdmin(Acting, Audited, DjangoUserAdmin, StaffAdmin):
    """Rights are given by superusers alone, and nobody else touches whoever has any: it would be a way to have them."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    ordering = ["email"]
    list_display = ["email", "name", "is_platform_admin", "is_staff", "is_active", "date_joined"]
    list_filter = ["is_platform_admin", "is_staff", "is_active"]
    search_fields = ["email", "name"]
    named_by = ("email",)
    search_help_text = "Part of an email or name"
    readonly_fields = ["last_login", "date_joined"]
    inlines = [MembershipInline]
    actions = ["take_second_factors"]
    fieldsets = [
        (None, {"fields": ["email", "password", "name"]}),
        ("Rights", {"fields": list(RIGHTS)}),
        ("Dates", {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [
        (
            None,
            {"classes": ["wide"], "fields": ["email", "name", "usable_password", "password1", "password2"]},
        )
    ]

    def get_inlines(self, request: HttpRequest, obj: User | None) -> list[Any]:  # noqa: ARG002
        return self.inlines if obj else []

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:  # noqa: ARG002
        return self.readonly_fields if request.user.is_superuser else [*self.readonly_fields, *RIGHTS]

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        is_anothers = obj is not None and obj != request.user and not request.user.is_superuser
        is_above = is_anothers and (obj.is_superuser or obj.is_platform_admin or obj.is_staff)
        return not is_above and super().has_change_permission(request, obj)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method == "POST":
            require_recent_sign_in(request)
        response: HttpResponse = super().changeform_view(request, *args, **kwargs)
        return response

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002
        require_recent_sign_in(request)
        response = super().user_change_password(request, id, form_url)
        if request.method == "POST" and response.status_code == 302:
            audit.record(
                "user.password_set",
                subject=f"user:{id}",
                actor=request.user,
                actor_kind=AuditEntry.Actor.STAFF,
            )
        return response

    @confirmed(
        "Take away second factors",
        warning="For somebody who has lost phone and codes, and has proven otherwise who they are. "
        "Authenticator apps, passkeys and recovery codes are gone for good; the password stays, and a mail says so.",
        button="Take them away",
        permission="accounts.change_user",
        is_money=True,
    )
    def take_second_factors(self, request: HttpRequest, user: User, given: dict[str, Any]) -> str:
        if not self.has_change_permission(request, user):
            return "left alone: only a superuser may do this to staff."
        count = remove_second_factors(user, actor=request.user, reason=given["reason"])
        return f"{count} taken away." if count else "there was none."


@admin.register(Group)
class GroupAdmin(Audited, DjangoGroupAdmin, StaffAdmin):
    """Sets of permissions, for staff who aren't superusers."""

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method == "POST":
            require_recent_sign_in(request)
        response: HttpResponse = super().changeform_view(request, *args, **kwargs)
        return response

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:  # noqa: ARG002
        return bool(request.user.is_superuser)


@admin.register(Membership)
class MembershipAdmin(ReadOnly, StaffAdmin):
    list_display = ["user", "organization", "role", "created_at"]
    list_filter = ["role"]
    list_select_related = ["user", "organization"]
    search_fields = ["user__email", "user__name", "organization__name", "organization__slug"]


@admin.register(Invitation)
class InvitationAdmin(ReadOnly, StaffAdmin):
    """Without the hash of its link's token."""

    list_display = ["email", "organization", "role", "invited_by", "created_at", "accepted_at", "revoked_at"]
    list_filter = ["role"]
    list_select_related = ["organization", "invited_by"]
    search_fields = ["email", "organization__name", "organization__slug"]
    exclude = ["token_hash"]


@admin.register(EmailAddress)
class EmailAddressAdmin(ReadOnly, StaffAdmin):
    list_display = ["email", "user", "primary", "verified"]
    list_filter = ["primary", "verified"]
    list_select_related = ["user"]
    search_fields = ["email", "user__email"]


@admin.register(UserSession)
class UserSessionAdmin(ReadOnly, StaffAdmin):
    """Where somebody is signed in, without what a session's cookie says."""

    list_display = ["user", "created_at", "last_seen_at", "ip", "user_agent"]
    list_select_related = ["user"]
    search_fields = ["user__email"]
    exclude = ["session_key", "data"]


@admin.register(Authenticator)
class AuthenticatorAdmin(ReadOnly, StaffAdmin):
    """Second factors, without their secrets."""

    list_display = ["user", "type", "created_at", "last_used_at"]
    list_filter = ["type"]
    list_select_related = ["user"]
    search_fields = ["user__email"]
    exclude = ["data"]
