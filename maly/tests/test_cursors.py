"""Lists by cursor: a cursor that we didn't make names no page, and one second may hold more than a page."""

import json
from base64 import b64encode
from urllib.parse import urlencode

import pytest
from django.utils import timezone

from connect.models import ConnectedAccount
from payouts.tests.factories import OrganizerPayoutFactory

pytestmark = pytest.mark.django_db

PAYOUTS = "/api/organizations/harbour-arts/payouts"


@pytest.fixture
def account(organization):
    return ConnectedAccount.objects.create(organization=organization, stripe_account_id="acct_1")


@pytest.mark.parametrize("position", ["rubbish", "9999-99-99", "\x00", "9" * 40, "2026-01-01 00:00:00"])
@pytest.mark.parametrize("path", [PAYOUTS, "/api/organizations", "/api/events"])
def test_a_cursor_that_somebody_wrote_gives_no_error(api, organizer, path, position):
    client = api(organizer)
    client.raise_request_exception = False
    wanted = [
        urlencode({"p": position}),
        json.dumps([0, position]),
        json.dumps([0, position, position]),
        position,
    ]
    for cursor in wanted:
        encoded = b64encode(cursor.encode()).decode()
        assert client.get(path, {"cursor": encoded}).status_code in (200, 404)


@pytest.mark.broken_books("payouts of a factory, which nothing posts")
def test_a_list_is_whole_where_one_second_holds_several_pages(api, organizer, account):
    at = timezone.now()
    for number in range(7):
        OrganizerPayoutFactory(connected_account=account, stripe_payout_id=f"po_{number}", created_at=at)
    client, there, url = api(organizer), [], f"{PAYOUTS}?page_size=2"
    while url:
        page = client.get(url).json()
        there.append([row["id"] for row in page["results"]])
        back, url = page["previous"], page["next"]
    assert sum(there, []) == [f"po_{number}" for number in range(6, -1, -1)]
    while back:
        page = client.get(back).json()
        there.pop()
        assert [row["id"] for row in page["results"]] == there[-1]
        back = page["previous"]
    assert len(there) == 1
