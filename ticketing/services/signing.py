"""What a ticket's QR code carries: `v1.<kid>.<payload>.<signature>`, checked without asking the database.

Each event signs with its own Ed25519 key, derived by HKDF (RFC 5869) from TICKET_SIGNING_KEY and the event's public
id, so that no private key is stored, and a device at the door needs only the event's public key.
"""

import hashlib
import struct
import uuid
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings

from ticketing.errors import TicketNotValid
from ticketing.models import Event, Ticket

VERSION = "v1"
_PURPOSE = b"maly ticket signing v1"
# Ticket code, event's public id, ticket type's public id, generation: 38 bytes, so that the QR code stays coarse.
_PAYLOAD = struct.Struct("!10s16s10sH")


@dataclass(frozen=True)
class TicketClaim:
    """What a signed text says; whether the ticket is still good is the database's to answer."""

    code: str
    event_id: uuid.UUID
    ticket_type_id: str
    generation: int


def sign_ticket(ticket: Ticket) -> str:
    """The text of a ticket's QR code; `ticket.event` and `ticket.ticket_type` must be loaded or loadable."""
    event_id, type_id = ticket.event.public_id, ticket.ticket_type.public_id
    payload = _PAYLOAD.pack(ticket.code.encode(), event_id.bytes, type_id.encode(), ticket.generation)
    key, kid = _event_key(event_id)
    signed = f"{VERSION}.{kid}.{_encode(payload)}"
    return f"{signed}.{_encode(key.sign(signed.encode()))}"


def verify_ticket(text: str, event: Event) -> TicketClaim:
    """What the signed text claims; raises TicketNotValid unless this event's key signed exactly this text."""
    key, kid = _event_key(event.public_id)
    try:
        version, text_kid, payload, signature = text.strip().split(".")
        if (version, text_kid) != (VERSION, kid):
            raise TicketNotValid
        signed = f"{version}.{text_kid}.{payload}".encode()
        key.public_key().verify(_decode(signature), signed)
        code, event_id, type_id, generation = _PAYLOAD.unpack(_decode(payload))
        claim = TicketClaim(code.decode(), uuid.UUID(bytes=event_id), type_id.decode(), generation)
    except (ValueError, struct.error, InvalidSignature):
        raise TicketNotValid from None
    if claim.event_id != event.public_id:
        raise TicketNotValid
    return claim


def read_claim(text: str) -> TicketClaim | None:
    """What a text claims, whoever signed it: only good for finding the event whose key then has to verify it."""
    try:
        _version, _kid, payload, _signature = text.strip().split(".")
        code, event_id, type_id, generation = _PAYLOAD.unpack(_decode(payload))
        return TicketClaim(
            code.decode("ascii"), uuid.UUID(bytes=event_id), type_id.decode("ascii"), generation
        )
    except (ValueError, struct.error):
        return None


def public_key(event: Event) -> tuple[str, str]:
    """The event's public key (32 bytes, base64url) and its short name, for a device that verifies without us."""
    key, kid = _event_key(event.public_id)
    return _encode(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)), kid


@lru_cache(maxsize=512)
def _event_key(event_id: uuid.UUID) -> tuple[Ed25519PrivateKey, str]:
    """The event's key and the short name by which a text says which key signed it."""
    master = bytes.fromhex(settings.TICKET_SIGNING_KEY)
    seed = HKDF(algorithm=SHA256(), length=32, salt=event_id.bytes, info=_PURPOSE).derive(master)
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return key, _encode(hashlib.sha256(public).digest()[:6])


def _encode(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    """The bytes of unpadded base64url; only the one canonical spelling is accepted, so that no text has a twin."""
    raw = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
    if _encode(raw) != text:
        raise ValueError("not canonical")
    return raw
