"""The key pair by which push services know who sends (RFC 8292): P-256, base64url as browsers want it."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def make_private_key() -> str:
    """A new private key for VAPID_PRIVATE_KEY; with another key every browser must subscribe anew."""
    number = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
    return _encode(number.to_bytes(32, "big"))


def public_key(private_key: str) -> str:
    """The public half, which a page gives to the browser. Raises ValueError for what is no P-256 key."""
    number = int.from_bytes(decode(private_key), "big")
    point = ec.derive_private_key(number, ec.SECP256R1()).public_key()
    return _encode(point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def decode(text: str) -> bytes:
    """The bytes of unpadded base64url. Raises ValueError for anything else."""
    return urlsafe_b64decode((text + "=" * (-len(text) % 4)).encode("ascii"))


def _encode(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
