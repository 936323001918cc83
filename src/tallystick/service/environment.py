"""The service's settings, read from the environment and from nowhere else: `read(environ)` gives them or says what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tallystick.errors import BadInput

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
PREFIX = "TALLYSTICK_"


@dataclass(frozen=True)
class Environment:
    """What the environment says.

    ``url`` is where people reach the service; with ``https`` cookies are secure and the browser is told to stay with it.
    """

    home: Path
    url: str
    secret_key: str
    database: Mapping[str, Any]
    name: str
    contact: str
    govuk_brand: bool
    email: Mapping[str, Any]
    email_from: str
    metrics_token: str
    proxy_header: bool
    oidc: Mapping[str, str]
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    @property
    def is_secure(self) -> bool:
        """Return whether people reach the service by https."""
        return self.url.startswith("https://")

    @property
    def host(self) -> str:
        """Return the host's name in the service's address."""
        return urlsplit(self.url).hostname or ""

    @property
    def oidc_origins(self) -> list[str]:
        """Return the origin of the identity provider, where there is one."""
        parts = urlsplit(self.oidc.get("url", ""))
        return [f"{parts.scheme}://{parts.netloc}"] if parts.netloc else []

    @property
    def shares(self) -> Path:
        """Return the folder of the shares."""
        return self.home / "shares"


def read(environ: Mapping[str, str]) -> Environment:
    """Return the settings; raise BadInput naming the variable that is wrong or missing, never its value."""
    home = Path(environ.get(f"{PREFIX}HOME", "tallystick-home")).resolve()
    url = environ.get(f"{PREFIX}URL", "http://127.0.0.1:8000").rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadInput(f"{PREFIX}URL must be the service's address, such as https://sharing.example.org.")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise BadInput(f"{PREFIX}URL must begin with https:// unless it is on this machine alone.")
    secret = environ.get(f"{PREFIX}SECRET_KEY", "")
    if len(secret) < 50:
        raise BadInput(
            f"{PREFIX}SECRET_KEY must hold a secret of 50 characters or more. "
            'Make one with: python -c "import secrets; print(secrets.token_urlsafe(64))"'
        )
    oidc = {
        key: environ.get(f"{PREFIX}OIDC_{key.upper()}", "") for key in ("url", "client_id", "secret", "name")
    }
    return Environment(
        home=home,
        url=url,
        secret_key=secret,
        database=database(environ.get("DATABASE_URL", ""), home),
        name=environ.get(f"{PREFIX}NAME", "Tallystick"),
        contact=environ.get(f"{PREFIX}CONTACT", ""),
        govuk_brand=environ.get(f"{PREFIX}GOVUK_BRAND", "") == "yes",
        email=email(environ.get(f"{PREFIX}EMAIL_URL", "")),
        email_from=environ.get(f"{PREFIX}EMAIL_FROM", f"tallystick@{parts.hostname}"),
        metrics_token=environ.get(f"{PREFIX}METRICS_TOKEN", ""),
        proxy_header=environ.get(f"{PREFIX}BEHIND_PROXY", "") == "yes",
        oidc=oidc if all(oidc[key] for key in ("url", "client_id", "secret")) else {},
    )


def database(url: str, home: Path) -> dict[str, Any]:
    """Return Django's setting for a database: SQLite in the home folder, or what the address says.

    >>> database("postgresql://tally@db.internal/registry", Path())["NAME"]
    'registry'
    """
    parts = urlsplit(url)
    if not url or parts.scheme == "sqlite":
        path = Path(unquote(parts.path)) if url else home / "registry.sqlite3"
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(path),
            # immediate: a writer waits for its turn at the start, and never fails half-way for having read first
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "pragma journal_mode=wal; pragma synchronous=normal;",
            },
        }
    if parts.scheme not in ("postgres", "postgresql"):
        raise BadInput("DATABASE_URL must begin with postgresql:// or sqlite:///.")
    options = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
    }


def email(url: str) -> dict[str, Any]:
    """Return Django's settings for sending mail: nothing leaves the machine unless an address says by which server."""
    parts = urlsplit(url)
    if not url:
        return {"EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend"}
    if parts.scheme == "file":
        return {
            "EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend",
            "EMAIL_FILE_PATH": unquote(parts.path),
        }
    if parts.scheme not in ("smtp", "smtps", "smtp+tls") or not parts.hostname:
        raise BadInput(f"{PREFIX}EMAIL_URL must begin with smtp+tls://, smtps:// or smtp://.")
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or {"smtps": 465, "smtp+tls": 587, "smtp": 25}[parts.scheme],
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_TLS": parts.scheme == "smtp+tls",
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "EMAIL_TIMEOUT": 10,
    }
