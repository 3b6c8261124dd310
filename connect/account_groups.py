"""The eight states of an account in four groups, by which staff look for organizations; in Python and in SQL."""

from django.db.models import Case, CharField, F, Q, TextChoices, Value, When
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.db.models.lookups import IsNull

from connect.models import AccountState


class AccountGroup(TextChoices):
    """How far an organization is with Stripe."""

    CONNECTED = "connected", "Connected"
    PENDING = "pending", "Pending"
    RESTRICTED = "restricted", "Restricted"
    NOT_CONNECTED = "not_connected", "Not connected"


GROUPS: dict[AccountState, AccountGroup] = {
    AccountState.READY: AccountGroup.CONNECTED,
    AccountState.DUE_SOON: AccountGroup.CONNECTED,
    AccountState.ONBOARDING: AccountGroup.PENDING,
    AccountState.UNDER_REVIEW: AccountGroup.PENDING,
    AccountState.RESTRICTED: AccountGroup.RESTRICTED,
    AccountState.REJECTED: AccountGroup.RESTRICTED,
    AccountState.NOT_CONNECTED: AccountGroup.NOT_CONNECTED,
    AccountState.DISCONNECTED: AccountGroup.NOT_CONNECTED,
}

# Reasons for which Stripe has switched an account off while it looks at what it was sent.
REVIEWED = ("under_review", "requirements.pending_verification")


def group_of(account: str = "") -> Case:
    """The group of an account as an expression, in the order of ConnectedAccount.state; `account` is the way to it.

    Without an account the group is NOT_CONNECTED.
    """
    way = f"{account}__" if account else ""

    def having(**lookups: object) -> Q:
        return Q(**{f"{way}{name}": value for name, value in lookups.items()})

    def any_of(name: str) -> IsNull:
        return IsNull(KeyTextTransform("0", KeyTransform(name, F(f"{way}requirements"))), False)

    is_verified = having(charges_enabled=True, payouts_enabled=True, transfers_status="active")
    is_gone = having(detached_at__isnull=False) | having(deauthorized_at__isnull=False)
    return Case(
        When(having(stripe_account_id__isnull=True) | is_gone, then=Value(AccountGroup.NOT_CONNECTED)),
        When(
            having(requirements__disabled_reason__startswith="rejected."), then=Value(AccountGroup.RESTRICTED)
        ),
        When(having(details_submitted=False), then=Value(AccountGroup.PENDING)),
        When(is_verified, then=Value(AccountGroup.CONNECTED)),
        When(having(requirements__disabled_reason__in=REVIEWED), then=Value(AccountGroup.PENDING)),
        When(any_of("currently_due"), then=Value(AccountGroup.RESTRICTED)),
        When(any_of("past_due"), then=Value(AccountGroup.RESTRICTED)),
        When(any_of("pending_verification"), then=Value(AccountGroup.PENDING)),
        default=Value(AccountGroup.RESTRICTED),
        output_field=CharField(),
    )
