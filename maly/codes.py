"""Random codes: Crockford base-32 for what people read and type, hex for what only links carry."""

import secrets

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def make_code(length: int) -> str:
    """A random code of `length` Crockford characters (5 bits each)."""
    return "".join(secrets.choice(CROCKFORD) for _ in range(length))


def make_key() -> str:
    """128 random bits as 32 hex characters, for links that grant access."""
    return secrets.token_hex(16)
