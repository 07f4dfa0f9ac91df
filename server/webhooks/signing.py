"""Secrets and signatures as Standard Webhooks has them: https://www.standardwebhooks.com."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

_PREFIX = "whsec_"
_LENGTH = 32


def new_secret() -> str:
    """A secret as receivers keep it: `whsec_` and random bytes in base64."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_LENGTH)).decode()


def headers(secret: str, message: str, seconds: int, body: bytes) -> dict[str, str]:
    """The headers by which a receiver knows that a message is from here, and not sent again by another."""
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    signed = f"{message}.{seconds}.".encode() + body
    signature = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return {
        "webhook-id": message,
        "webhook-timestamp": str(seconds),
        "webhook-signature": f"v1,{signature}",
    }
