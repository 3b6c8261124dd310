"""Addresses of accounts. Sign-in, sign-up and security are django-allauth's, under /account/."""

from django.contrib.auth.decorators import login_not_required
from django.urls import path

from accounts.api import ObtainToken
from accounts.views import invitations, organizations, team, tokens

app_name = "accounts"
urlpatterns = [
    path("api/auth/token", login_not_required(ObtainToken.as_view()), name="api-token"),
    path("account/tokens/", tokens.tokens, name="tokens"),
    path("account/tokens/revoke/", tokens.revoke, name="revoke-token"),
    path("invitations/<str:token>/", invitations.invitation, name="invitation"),
    path("dashboard/organizations/", organizations.organizations, name="organizations"),
    path("dashboard/organizations/new/", organizations.new_organization, name="new-organization"),
    path("dashboard/organizations/personal/", organizations.sell_alone, name="sell-alone"),
    path("dashboard/organizations/choose/", organizations.choose_organization, name="choose-organization"),
    path("dashboard/team/", team.team_page, name="team"),
    path("dashboard/team/invite/", team.invite, name="invite"),
    path("dashboard/team/invitations/revoke/", team.revoke, name="revoke-invitation"),
    path("dashboard/team/invitations/resend/", team.resend, name="resend-invitation"),
    path("dashboard/team/owner/", team.hand_over, name="hand-over"),
    path("dashboard/team/role/", team.change_member_role, name="change-role"),
    path("dashboard/team/remove/", team.remove, name="remove-member"),
]
