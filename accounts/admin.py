"""Accounts in the Django admin. Whoever holds power over money changes by the services, not by these forms."""

from typing import Any

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.db.models import URLField
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline
from unfold.forms import AdminPasswordChangeForm

from accounts.models import AuditEntry, Membership, Organization, User
from accounts.services import audit

# Staff sign in as everybody does, so that a second factor is asked for.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]


class ReadOnly:
    """Refuses adding, changing and deleting, whatever the staff member's permissions."""

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class Audited:
    """Writes an audit entry for what staff save here; nothing is deleted, since money rows point to it."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)  # type: ignore[misc]
        fields = [name for name in form.changed_data if name in form.cleaned_data and "password" not in name]
        audit.record(
            f"{obj._meta.model_name}.{'changed' if change else 'created'}",
            organization=obj if isinstance(obj, Organization) else None,
            subject=f"{obj._meta.model_name}:{obj.pk}",
            actor=request.user,  # type: ignore[arg-type]
            actor_kind=AuditEntry.Actor.STAFF,
            before={name: str(form.initial.get(name, "")) for name in fields} if change else {},
            after={name: str(form.cleaned_data[name]) for name in fields},
        )


class MembershipInline(ReadOnly, TabularInline):
    model = Membership
    fields = ["user", "organization", "role", "created_at"]
    extra = 0


class UserCreationForm(AdminUserCreationForm):
    """Addresses are kept in lower case, as sign-up keeps them."""

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()


@admin.register(User)
class UserAdmin(Audited, DjangoUserAdmin, ModelAdmin):
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    ordering = ["email"]
    list_display = ["email", "name", "is_platform_admin", "is_staff", "is_active", "date_joined"]
    list_filter = ["is_platform_admin", "is_staff", "is_active"]
    search_fields = ["email", "name"]
    readonly_fields = ["last_login", "date_joined"]
    inlines = [MembershipInline]
    fieldsets = [
        (None, {"fields": ["email", "password", "name"]}),
        ("Rights", {"fields": ["is_active", "is_platform_admin", "is_staff", "is_superuser", "groups"]}),
        ("Dates", {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [
        (
            None,
            {"classes": ["wide"], "fields": ["email", "name", "usable_password", "password1", "password2"]},
        )
    ]

    def get_inlines(self, request: HttpRequest, obj: User | None) -> list[Any]:
        return self.inlines if obj else []


@admin.register(Organization)
class OrganizationAdmin(Audited, ModelAdmin):
    list_display = ["name", "slug", "kind", "flagged_at", "created_at"]
    list_filter = ["kind", ("flagged_at", admin.EmptyFieldListFilter)]
    search_fields = ["name", "slug", "members__email"]
    readonly_fields = ["slug", "kind", "host", "logo", "flagged_at", "flag_reason", "created_at"]
    inlines = [MembershipInline]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if isinstance(db_field, URLField):
            kwargs["assume_scheme"] = "https"
        return super().formfield_for_dbfield(db_field, request, **kwargs)


@admin.register(Membership)
class MembershipAdmin(ReadOnly, ModelAdmin):
    list_display = ["user", "organization", "role", "created_at"]
    list_filter = ["role"]
    list_select_related = ["user", "organization"]
    search_fields = ["user__email", "user__name", "organization__name", "organization__slug"]


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnly, ModelAdmin):
    list_display = ["at", "action", "subject", "organization", "actor_kind", "actor", "reason"]
    list_filter = ["actor_kind", "action"]
    list_select_related = ["actor", "organization"]
    search_fields = ["subject", "action", "organization__slug", "actor__email", "request_id"]
    date_hierarchy = "at"
    show_full_result_count = False
