"""Disputes: the queue by their deadlines, and the one answer that each of them gets."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from unfold.admin import ModelAdmin

from accounts.admin import ReadOnly
from maly.errors import MalyError
from ticketing.dispute_words import EVIDENCE, reason_in_words, status_in_words
from ticketing.models import Dispute
from ticketing.selectors.disputes import DisputeDetail, can_answer, get_dispute_detail
from ticketing.services.dispute_answers import accept_dispute, save_draft, submit_evidence
from ticketing.services.dispute_evidence import LONGEST_TEXT
from ticketing.services.disputes import settle_dispute

SHORT = ("customer_name", "customer_email_address", "service_date")


class EvidenceForm(forms.Form):
    """The texts of an answer. `confirmed` is ticked for what can't be undone."""

    def __init__(self, *args: Any, detail: DisputeDetail, **more: Any) -> None:
        super().__init__(*args, **more)
        for name, text in detail.evidence:
            widget = forms.TextInput() if name in SHORT else forms.Textarea(attrs={"rows": 6, "cols": 80})
            self.fields[name] = forms.CharField(
                label=EVIDENCE[name], initial=text, required=False, max_length=LONGEST_TEXT, widget=widget
            )
        self.fields["confirmed"] = forms.BooleanField(required=False, label="I know that this is final")

    @property
    def texts(self) -> dict[str, str]:
        return {name: text for name, text in self.cleaned_data.items() if name != "confirmed"}


@admin.register(Dispute)
class DisputeAdmin(ReadOnly, ModelAdmin):
    """Open ones first, by their deadline; `answer` leads to the evidence."""

    list_display = (
        "due_by",
        "order",
        "organization",
        "words",
        "amount",
        "currency",
        "state",
        "needs_staff",
        "answer_it",
    )
    list_filter = ("needs_staff", "status", "reason")
    list_select_related = ("order", "organization")
    search_fields = ("stripe_dispute_id", "charge_id", "order__code", "organization__name")
    show_full_result_count = False
    actions = ("mark_settled",)
    exclude = ("answer_key", "lease_until")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Dispute]:
        disputes: QuerySet[Dispute] = super().get_queryset(request)
        return disputes.order_by(
            F("closed_at").desc(nulls_first=True), F("due_by").asc(nulls_last=True), "pk"
        )

    def get_urls(self) -> list[URLPattern]:
        own = path(
            "<int:pk>/answer/", self.admin_site.admin_view(self.answer_view), name="ticketing_dispute_answer"
        )
        return [own, *super().get_urls()]

    def has_settle_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser or request.user.has_perm("ticketing.change_dispute"))

    @admin.display(description="Reason")
    def words(self, dispute: Dispute) -> str:
        return reason_in_words(dispute.reason)

    @admin.display(description="Status")
    def state(self, dispute: Dispute) -> str:
        return status_in_words(dispute)

    @admin.display(description="Answer")
    def answer_it(self, dispute: Dispute) -> str:
        words = "Answer" if can_answer(dispute) else "Look"
        url = reverse("admin:ticketing_dispute_answer", args=[dispute.pk])
        return format_html('<a href="{}">{}</a>', url, words)

    @admin.action(description="What needed staff is done", permissions=["settle"])
    def mark_settled(self, request: HttpRequest, disputes: QuerySet[Dispute]) -> None:
        count = sum(settle_dispute(dispute, actor=request.user) for dispute in disputes)
        self.message_user(request, f"{count} disputes need nobody any more.", messages.SUCCESS)

    def answer_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The facts, the draft, and the three buttons: save, submit, accept."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        dispute = get_object_or_404(Dispute.objects.select_related("order__event", "organization"), pk=pk)
        detail = get_dispute_detail(dispute)
        form = EvidenceForm(request.POST or None, detail=detail)
        if request.method == "POST" and form.is_valid():
            if not self.has_settle_permission(request):
                raise PermissionDenied
            self._do(request, dispute, form)
            return redirect(request.path)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Dispute of order {dispute.order.code}",
            "opts": self.opts,
            "form": form,
            "detail": detail,
        }
        return render(request, "ticketing/admin/answer_dispute.html", context)

    def _do(self, request: HttpRequest, dispute: Dispute, form: EvidenceForm) -> None:
        wish = request.POST.get("do")
        if wish in ("submit", "accept") and not form.cleaned_data["confirmed"]:
            messages.error(request, "Nothing was sent. Tick that you know that it is final.")
            return
        try:
            if wish == "accept":
                accept_dispute(dispute, actor=request.user)
            else:
                save_draft(dispute, actor=request.user, evidence=form.texts)
                if wish == "submit":
                    submit_evidence(dispute, actor=request.user)
        except MalyError as error:
            messages.error(request, error.detail)
        else:
            done = {"accept": "Accepted as lost.", "submit": "Sent to the bank."}
            messages.success(request, done.get(wish or "", "The draft is saved; the bank hasn't seen it."))
