"""Tokens of the API: shown once, kept as a hash, each for one account in one role, until a day."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from tallystick.governance.clocks import london_day
from tallystick.service.accounts.models import Membership, Token

LASTS = timedelta(days=365)


def make(member: Membership, now: datetime) -> str:
    """Return a new token, which is nowhere else: of it only the hash is kept."""
    text = f"tally_{secrets.token_urlsafe(32)}"
    Token.objects.create(hash=digest(text), membership=member, until=london_day(now + LASTS))
    return text


def holder(text: str, now: datetime) -> Membership | None:
    """Return for whom a token stands, or None: unknown, past its day, its account closed or its role ended."""
    rows = Token.objects.select_related("membership__user", "membership__organisation")
    token = rows.filter(hash=digest(text), until__gte=london_day(now)).first()
    if token is None or not token.membership.user.is_active:
        return None
    until = token.membership.until
    return token.membership if until is None or until >= london_day(now) else None


def digest(text: str) -> str:
    """Return the hash under which a token is kept; a token is 256 random bits, so a plain hash is enough."""
    return hashlib.sha256(text.encode()).hexdigest()
