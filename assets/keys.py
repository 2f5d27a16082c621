"""The secrets of the keyed hashes and what is derived from them. Where the secrets stand is a setting; SQL has the same hashes.

A rotation adds a secret: the hash under n secrets is HMAC under the last of the hash under those before it. So whatever was
hashed can be brought under a new secret without the value it was made of, and the earlier secrets, which the derivation
still needs, no longer give anything away by themselves (docs/decisions/0012-rotation-adds-a-key.md).
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass

# Hexadecimal digits of a keyed hash: 128 bits.
DIGITS = 32
# What the hashes of records are made under: the secrets as they are. Every other purpose has keys derived from them.
RECORD = "record"
PERSON = "person"
PURPOSES = (RECORD, PERSON)
# Between the parts of what is hashed.
SEPARATOR = "\x1f"


@dataclass(frozen=True)
class Keyring:
    """The secrets of a workspace, the oldest first; each is a key of HMAC of at most one block (64 bytes)."""

    secrets: tuple[bytes, ...]

    @property
    def key_id(self) -> str:
        """Sixteen digits that tell these secrets from others and say nothing about them."""
        mark = hmac.new(self.secrets[0], b"which key this ledger belongs to", "sha256").hexdigest()[:16]
        for secret in self.secrets[1:]:
            mark = hmac.new(secret, mark.encode(), "sha256").hexdigest()[:16]
        return mark

    def first(self, number: int) -> Keyring:
        """Return the keyring as it was before the secrets after the first `number` came."""
        return Keyring(self.secrets[:number])

    def rank(self, key_id: str | None) -> int | None:
        """Return how many of the secrets, from the first on, have that id together; None when no such number has."""
        numbers = range(1, len(self.secrets) + 1)
        return next((number for number in numbers if self.first(number).key_id == key_id), None)

    def layers(self, purpose: str) -> tuple[bytes, ...]:
        """Return the HMAC keys of a purpose, in the order in which they are applied."""
        if purpose == RECORD:
            return self.secrets
        label = f"sipas-warehouse token {purpose}".encode()
        return tuple(hmac.new(secret, label, "sha256").digest() for secret in self.secrets)

    def token(self, kind: str, normal: str) -> str:
        """Return the token of a person's identifier: its kind (phone, id_number, email) and normal form, hashed."""
        first, *later = self.layers(PERSON)
        message = f"{kind}{SEPARATOR}{normal}".encode()
        return rehashed(hmac.new(first, message, "sha256").hexdigest()[:DIGITS], later)


def rehashed(digest: str, layers: tuple[bytes, ...] | list[bytes]) -> str:
    """Return a hash under the further keys that `layers` name."""
    for layer in layers:
        digest = hmac.new(layer, digest.encode(), "sha256").hexdigest()[:DIGITS]
    return digest
