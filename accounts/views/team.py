"""The team of the organization that somebody works in: members, roles, invitations."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import access
from accounts.forms import InvitationForm, OwnerForm, role_choices
from accounts.models import Role
from accounts.navigation import navigation
from accounts.permissions import change_in_words
from accounts.selectors import others_in, role_of, team
from accounts.services import members
from accounts.services.invitations import invite_member, resend_invitation, revoke_invitation
from accounts.views.organizations import current_or_none
from maly.errors import Invalid, MalyError
from maly.throttling import throttle


@require_safe
def team_page(request: HttpRequest) -> HttpResponse:
    """Who is in the organization and what each may do; those who may, change it here."""
    membership = current_or_none(request)
    if membership is None:
        return redirect("accounts:new-organization")
    context = {
        "membership": membership,
        "team": team(membership.organization, viewer=membership),
        "roles": Role.choices,
        "grantable": role_choices(with_owner=membership.role == Role.OWNER),
        **navigation(request, membership),
    }
    return render(request, "accounts/team.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def invite(request: HttpRequest) -> HttpResponse:
    """Invite somebody by email."""
    membership = access.find_current_membership(request, role=Role.ADMIN)
    form = InvitationForm(request.POST or None, may_invite_owners=membership.role == Role.OWNER)
    if form.is_valid():
        try:
            throttle("invite", f"user:{request.user.pk}")
            invitation = invite_member(membership.organization, actor=request.user, **form.cleaned_data)
        except MalyError as error:
            form.add_error(error.attr, error.detail)
        else:
            messages.success(request, _("We sent an invitation to %(email)s.") % {"email": invitation.email})
            return redirect("accounts:team")
    return render(request, "accounts/invite.html", {"form": form, **navigation(request, membership)})


@require_POST
def revoke(request: HttpRequest) -> HttpResponse:
    """Withdraw an invitation."""
    membership = access.find_current_membership(request, role=Role.ADMIN)
    invitation_id = posted_id(request, "invitation")
    return _try(
        request,
        lambda: revoke_invitation(membership.organization, invitation_id=invitation_id, actor=request.user),
        done=_("The invitation is withdrawn. Its link no longer works."),
    )


@require_POST
def resend(request: HttpRequest) -> HttpResponse:
    """Send an invitation again, with a link that works for another week."""
    organization = access.find_current_membership(request, role=Role.ADMIN).organization
    invitation_id = posted_id(request, "invitation")

    def send() -> None:
        throttle("invite", f"user:{request.user.pk}")
        resend_invitation(organization, invitation_id=invitation_id, actor=request.user)

    return _try(request, send, done=_("The invitation is sent again. Only its new link works."))


@require_POST
def change_member_role(request: HttpRequest) -> HttpResponse:
    """Give a member another role, and say what that changes."""
    organization = access.find_current_membership(request, role=Role.ADMIN).organization
    member_id, role = posted_id(request, "member"), request.POST.get("role", "")
    before = role_of(organization, member_id)
    changed = change_in_words(before, role) if before and role in Role.values else ""
    return _try(
        request,
        lambda: members.change_role(organization, member_id=member_id, role=role, actor=request.user),
        done=f"{_('The role is changed.')} {changed}".strip(),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def hand_over(request: HttpRequest) -> HttpResponse:
    """Make another member the owner and oneself an admin; a page of its own, with the address to type."""
    membership = access.find_current_membership(request, role=Role.OWNER)
    organization = membership.organization
    form = OwnerForm(request.POST or None, members=others_in(organization, user=request.user))
    if form.is_valid():
        member_id, confirm = int(form.cleaned_data["member"]), form.cleaned_data["confirm"]
        try:
            owner = members.hand_over(organization, member_id=member_id, confirm=confirm, actor=request.user)
        except MalyError as error:
            form.add_error(error.attr, error.detail)
        else:
            messages.success(request, _("%(person)s owns it now. You are an admin.") % {"person": owner.user})
            return redirect("accounts:team")
    context = {"form": form, "organization": organization, **navigation(request, membership)}
    return render(request, "accounts/hand_over.html", context)


@require_POST
def remove(request: HttpRequest) -> HttpResponse:
    """End a membership, one's own too: any member may leave."""
    organization = access.find_current_membership(request).organization
    member_id = posted_id(request, "member")
    return _try(
        request,
        lambda: members.remove_member(organization, member_id=member_id, actor=request.user),
        done=_("The membership has ended."),
    )


def posted_id(request: HttpRequest, name: str) -> int:
    """A row's id from a form of ours; raises Invalid for what can't be one."""
    text = request.POST.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise Invalid(attr=name)
    return int(text)


def _try(request: HttpRequest, change: Callable[[], object], *, done: str) -> HttpResponse:
    """Do one change and go back to the page, which says what came of it. What needs another page passes through."""
    try:
        change()
    except MalyError as error:
        if error.status not in (400, 409, 429, 502):
            raise
        messages.error(request, error.detail)
    else:
        messages.success(request, done)
    return redirect("accounts:team")
