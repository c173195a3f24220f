"""Digests of data."""

from base64 import urlsafe_b64encode
from hashlib import sha256


def digest(text: str) -> str:
    """SHA-256 of a text's UTF-8, base64url without padding."""
    return urlsafe_b64encode(sha256(text.encode()).digest()).decode().rstrip("=")
