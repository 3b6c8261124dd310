"""API tokens: shown once, kept as a hash, named and revoked by their owner."""

import hashlib
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts.models import ApiToken, AuditEntry, User, make_secret
from accounts.services import audit
from maly.errors import NotFound

# A token in steady use writes its row at most this often.
USE_IS_NOTED_EVERY = timedelta(minutes=1)


def create_token(user: User, *, name: str) -> tuple[ApiToken, str]:
    """Make a token for the API; the key comes back this once and is stored nowhere."""
    key = make_secret()
    with transaction.atomic():
        token = ApiToken.objects.create(
            user=user, name=name.strip() or "API token", key_hash=hash_key(key), prefix=key[:8]
        )
        audit.record("token.created", subject=f"token:{token.prefix}", actor=user, after={"name": token.name})
    return token, key


def revoke_token(user: User, *, token_id: int) -> ApiToken:
    """End a token of `user`'s at once; doing it again changes nothing. Raises NotFound for somebody else's."""
    with transaction.atomic():
        token = ApiToken.objects.select_for_update().filter(user=user, pk=token_id).first()
        if token is None:
            raise NotFound
        if token.revoked_at is None:
            token.revoked_at = timezone.now()
            token.save(update_fields=["revoked_at"])
            audit.record(
                "token.revoked", subject=f"token:{token.prefix}", actor=user, before={"name": token.name}
            )
    return token


def revoke_by_staff(token: ApiToken, *, actor: User, reason: str) -> bool:
    """End anybody's token at once, for staff; returns whether it was alive."""
    with transaction.atomic():
        token = ApiToken.objects.select_for_update().get(pk=token.pk)
        if token.revoked_at is not None:
            return False
        token.revoked_at = timezone.now()
        token.save(update_fields=["revoked_at"])
        audit.record(
            "token.revoked",
            subject=f"token:{token.prefix}",
            actor=actor,
            actor_kind=AuditEntry.Actor.STAFF,
            before={"name": token.name, "user": token.user_id},
            reason=reason,
        )
    return True


def find_token(key: str) -> ApiToken | None:
    """The living token with this key, its user loaded; None for every other text. Notes that it was used."""
    token = (
        ApiToken.objects.select_related("user")
        .filter(key_hash=hash_key(key), revoked_at__isnull=True, user__is_active=True)
        .first()
    )
    now = timezone.now()
    if token is not None and (token.last_used_at is None or token.last_used_at < now - USE_IS_NOTED_EVERY):
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
    return token


def hash_key(key: str) -> str:
    """The hash under which a key is stored. Keys are random, so a fast hash is enough."""
    return hashlib.sha256(key.encode()).hexdigest()
