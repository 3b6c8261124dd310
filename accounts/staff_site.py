"""The Django admin at /staff/: who may enter, how they sign in, and finding anything by what it is called.

Apart from `accounts.admin`, since Django makes the site before any model may be registered with it.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from unfold.sites import UnfoldAdminSite

View = Callable[..., HttpResponseBase]


class StaffSite(UnfoldAdminSite):
    """For staff only: whoever is signed in and isn't staff learns nothing, and visitors sign in as everybody does."""

    index_title = "Start"

    def admin_view(self, view: View, cacheable: bool = False) -> View:
        inner = super().admin_view(view, cacheable)

        @wraps(inner)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.user.is_authenticated and not self.has_permission(request):
                raise Http404
            return inner(request, *args, **kwargs)

        return guarded

    @method_decorator(never_cache)
    @login_not_required
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:  # noqa: ARG002
        """Lead to the page where everybody signs in, so that a second factor is asked for."""
        given = request.GET.get("next", "")
        is_ours = url_has_allowed_host_and_scheme(given, {request.get_host()}, request.is_secure())
        target = given if is_ours else reverse("admin:index")
        if not request.user.is_authenticated:
            return redirect_to_login(target)
        if not self.has_permission(request):
            raise Http404
        return redirect(target)

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return redirect("account_change_password")

    def extra_urls(self) -> list[URLPattern]:
        return [path("find/", self.admin_view(self.find), name="find")]

    def find(self, request: HttpRequest) -> HttpResponse:
        """Everything that bears exactly this code, email or Stripe id; a single row is opened at once."""
        words = request.GET.get("q", "").replace("\x00", "").strip()
        found = self._find(request, words) if words else []
        if len(found) == 1 and len(found[0][1]) == 1:
            return redirect(found[0][1][0][1])
        if words and not found:
            messages.warning(request, f"Nothing is called exactly “{words[:100]}”.")
        context = {**self.each_context(request), "title": "Find", "words": words, "found": found}
        return render(request, "accounts/admin/find.html", context)

    def _find(self, request: HttpRequest, words: str) -> list[tuple[str, list[tuple[str, str]]]]:
        """The rows of each list that looks things up exactly, as names and addresses."""
        groups = []
        for model, page in self._registry.items():
            fields = getattr(page, "named_by", ()) or getattr(page, "found_by", ())
            if not fields or not page.has_view_permission(request):
                continue
            rows = page.find(page.get_queryset(request), fields, words)
            address = f"admin:{model._meta.app_label}_{model._meta.model_name}_change"
            named = [(page.name_of(row), reverse(address, args=[row.pk])) for row in rows[:20]]
            if named:
                groups.append((str(model._meta.verbose_name_plural).capitalize(), named))
        return groups
