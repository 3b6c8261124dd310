"""What the pages of the admin share: edited by services, and confirmed with a reason."""

from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from unfold.admin import ModelAdmin

from maly.errors import MalyError


class ReasonForm(forms.Form):
    """Why staff do what has no way back."""

    reason = forms.CharField(max_length=500)


class Confirmed:
    """Actions that say what they will do, and ask for a reason, before they do it."""

    def confirm(
        self, request: HttpRequest, action: str, warning: str, chosen: Sequence[tuple[int, str]]
    ) -> str | HttpResponse:
        """The reason that was given, or the page that asks for it."""
        form = ReasonForm(request.POST if "reason" in request.POST else None)
        if form.is_valid():
            return str(form.cleaned_data["reason"])
        page: Any = self
        context = {
            **page.admin_site.each_context(request),
            "title": page.get_actions(request)[action][2],
            "opts": page.opts,
            "form": form,
            "action": action,
            "warning": warning,
            "chosen": chosen,
        }
        return render(request, "ticketing/admin/confirm.html", context)

    def say(self, request: HttpRequest, subject: Any, work: Callable[[], str]) -> None:
        """Do the work, and show its words or why it was refused."""
        try:
            messages.success(request, f"{subject}: {work()}")
        except MalyError as error:
            messages.error(request, f"{subject}: {error.detail}")


class EditedByService(ModelAdmin):
    """Saves by a service, and shows its refusal as a message instead of an error page. Nothing is deleted."""

    show_full_result_count = False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except MalyError as error:
            messages.error(request, error.detail)
            return HttpResponseRedirect(request.get_full_path())

    def save_model(self, request: HttpRequest, obj: Any, form: forms.ModelForm, change: bool) -> None:
        saved = self.save_by_service(request, obj, form, change)
        obj.__dict__.update(saved.__dict__)

    def save_by_service(self, request: HttpRequest, obj: Any, form: forms.ModelForm, change: bool) -> Any:
        raise NotImplementedError
