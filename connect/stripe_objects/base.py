"""What every object of Stripe's has: references, times, and words that may hold ids."""

import re
from datetime import UTC, datetime
from typing import Any

from connect.models import mask_account_id

Data = dict[str, Any]


def id_of(reference: object) -> str | None:
    """The id of a reference, which is the object itself where it was expanded."""
    if isinstance(reference, dict):
        return str(reference["id"])
    return str(reference) if reference else None


def hide_ids(text: str) -> str:
    """Words of Stripe's without keys and full account ids, which nobody may see."""
    text = re.sub(r"acct_\w+", lambda match: mask_account_id(match[0]), text)
    return re.sub(r"\b(sk|rk|pk|whsec)_\w+", r"\1_…", text)


def moment(timestamp: int) -> datetime:
    """A time of Stripe's, in whole seconds."""
    return datetime.fromtimestamp(timestamp, UTC)
