"""Flagging an organization: audited, once, and never without a reason."""

import pytest

from accounts.models import AuditEntry, Organization, User
from accounts.services.flags import flag_organization, unflag_organization
from maly.errors import Invalid


def test_a_flag_and_its_end_are_each_written_down_once(organization: Organization, staff: User) -> None:
    entry = flag_organization(organization, actor=staff, reason=" Many disputes ")
    assert entry is not None
    assert flag_organization(organization, actor=staff, reason="Again") is None
    organization.refresh_from_db()
    assert organization.is_flagged
    assert organization.flag_reason == entry.reason == "Many disputes"
    assert unflag_organization(organization, actor=staff, reason="Explained") is not None
    assert unflag_organization(organization, actor=staff, reason="Explained") is None
    organization.refresh_from_db()
    assert (organization.flagged_at, organization.flag_reason) == (None, "")
    told = AuditEntry.objects.filter(organization=organization, actor=staff, actor_kind="staff")
    assert list(told.order_by("id").values_list("action", "before", "after", "reason")) == [
        ("organization.flagged", {"is_flagged": False}, {"is_flagged": True}, "Many disputes"),
        ("organization.unflagged", {"is_flagged": True}, {"is_flagged": False}, "Explained"),
    ]


@pytest.mark.parametrize("reason", ["", "  ", "x" * 2001, "a\x00b"])
@pytest.mark.parametrize("act", [flag_organization, unflag_organization])
def test_a_flag_needs_a_reason(organization: Organization, staff: User, act, reason: str) -> None:
    with pytest.raises(Invalid) as refused:
        act(organization, actor=staff, reason=reason)
    assert refused.value.attr == "reason"
    assert not AuditEntry.objects.exists()
