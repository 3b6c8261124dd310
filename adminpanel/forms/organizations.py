"""What staff look for among the organizations."""

from collections.abc import Mapping

from adminpanel.selectors.organizations import FLAGGED, LONGEST_SEARCH, OrganizationFilters
from connect.account_groups import AccountGroup


def read_filters(given: Mapping[str, str]) -> OrganizationFilters:
    """The filters of an address; what isn't one is left out, so that an old link still shows something."""
    search = " ".join(given.get("q", "").replace("\x00", "").split())[:LONGEST_SEARCH]
    status = given.get("status", "")
    is_known = status == FLAGGED or status in AccountGroup.values
    return OrganizationFilters(search=search, status=status if is_known else "")
