"""How allauth is held to the service's rules: nobody signs themselves up, and a second factor's secret is stored encrypted."""

from __future__ import annotations

import base64
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.http import HttpRequest


class Accounts(DefaultAccountAdapter):
    """Accounts are made by whoever runs the service (`tally account add`)."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Return False."""
        return False

    def format_email_subject(self, subject: str) -> str:
        """Return the subject behind the service's name."""
        return f"{settings.ENVIRONMENT.name}: {subject}"


class OtherAccounts(DefaultSocialAccountAdapter):
    """An identity provider signs in those who have an account, by their verified address, and makes none."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        """Return False."""
        return False


class SecondFactors(DefaultMFAAdapter):
    """Second factors, whose secrets lie in the database under a key made from the service's own secret."""

    def encrypt(self, text: str) -> str:
        """Return the secret encrypted."""
        return box().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Return the secret."""
        return box().decrypt(encrypted_text.encode()).decode()

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Return for whom a security key answers: this service at its own address, and no other site."""
        return {"id": settings.ENVIRONMENT.host, "name": settings.ENVIRONMENT.name}


def box() -> Fernet:
    """Return the cipher for second factors."""
    key = HKDF(SHA256(), 32, None, b"tallystick second factor").derive(settings.SECRET_KEY.encode())
    return Fernet(base64.urlsafe_b64encode(key))
