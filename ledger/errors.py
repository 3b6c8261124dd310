"""Why a posting is refused. Each of them leaves the ledger as it was."""

from django.utils.translation import gettext_lazy as _

from maly.errors import MalyError


class UnbalancedPosting(MalyError):
    """Raised when a recipe's lines don't sum to zero, are fewer than two, or carry a negative amount."""

    code = "LEDGER_UNBALANCED"
    status = 500
    message = _("These lines don't balance. Nothing was posted; correct the recipe.")


class PostingConflict(MalyError):
    """Raised when a kind and source are posted already, with other lines, currency or organization."""

    code = "LEDGER_CONFLICT"
    status = 409
    message = _(
        "This was posted before with other amounts. Nothing was posted; reverse the first posting instead."
    )


class AlreadyReversed(MalyError):
    """Raised when a transaction is to be reversed a second time, for another reason."""

    code = "LEDGER_ALREADY_REVERSED"
    status = 409
    message = _("This posting is reversed already. Post it anew if it counts again.")
