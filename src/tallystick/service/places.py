"""Where backups are kept: a file of this machine, or an object of an S3-compatible store, there always sealed (age).

Credentials come as for every program of the store's kind: ``AWS_ACCESS_KEY_ID`` and ``AWS_SECRET_ACCESS_KEY``, a profile, or the machine's
own role. ``TALLYSTICK_S3_ENDPOINT`` names a store that is not Amazon's; ``AWS_DEFAULT_REGION`` its region. See docs/decisions/0302.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyrage

from tallystick.errors import BadInput

AWAY = "s3://"
CHUNK = 8 * 1024 * 1024


def is_away(place: str) -> bool:
    """Return whether a place is in an object store."""
    return place.startswith(AWAY)


def bucket(place: str) -> str:
    """Return the bucket of a place in an object store; raise BadInput where it names no object in one."""
    name, _, key = place.removeprefix(AWAY).partition("/")
    if not name or not key or key.endswith("/"):
        raise BadInput("A place in an object store is written s3://bucket/name-of-the-file.")
    return name


def is_taken(place: str) -> bool:
    """Return whether something lies at a place already."""
    if not is_away(place):
        return Path(place).exists()
    bucket(place)
    store = filesystem()
    try:
        return bool(store.get_file_info(place.removeprefix(AWAY)).type.name != "NotFound")
    except OSError as error:
        raise unreachable(error) from None


def filesystem() -> Any:
    """Return the object store that the environment names."""
    from pyarrow import fs

    end = urlsplit(os.environ.get("TALLYSTICK_S3_ENDPOINT", ""))
    if end.scheme not in ("", "https", "http") or (end.scheme and not end.hostname):
        raise BadInput(
            "TALLYSTICK_S3_ENDPOINT must be the store's address, such as https://objects.example.org."
        )
    options = {"endpoint_override": end.netloc, "scheme": end.scheme} if end.scheme else {}
    region = os.environ.get("AWS_DEFAULT_REGION") or os.environ.get("AWS_REGION") or "us-east-1"
    return fs.S3FileSystem(region=region, connect_timeout=10, request_timeout=60, **options)


def keep(file: Path, place: str, recipient: str) -> None:
    """Seal a file to a recipient and lay it at a place, whole or not at all; raise BadInput where that cannot be done."""
    sealed = file.with_suffix(".age")
    try:
        to = pyrage.x25519.Recipient.from_str(recipient)
    except pyrage.RecipientError:
        raise BadInput("The recipient must be the public key of an age key pair: age1…") from None
    pyrage.encrypt_file(str(file), str(sealed), [to])
    file.unlink()
    if not is_away(place):
        part = Path(place).with_name(f".{Path(place).name}.part")
        try:
            with (
                sealed.open("rb") as source,
                os.fdopen(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as out,
            ):
                shutil.copyfileobj(source, out, CHUNK)
            part.rename(place)
        finally:
            part.unlink(missing_ok=True)
        return
    try:
        with sealed.open("rb") as source, filesystem().open_output_stream(place.removeprefix(AWAY)) as out:
            shutil.copyfileobj(source, out, CHUNK)
    except OSError as error:
        raise unreachable(error) from None


def bring(place: str, folder: Path, identity: Path | None) -> Path:
    """Return a file of this machine with what lies at a place, opened with an identity where it is sealed; raise BadInput."""
    found = Path(place)
    if is_away(place):
        bucket(place)
        found = folder / "fetched"
        try:
            with filesystem().open_input_stream(place.removeprefix(AWAY)) as source, found.open("wb") as out:
                shutil.copyfileobj(source, out, CHUNK)
        except FileNotFoundError:
            raise BadInput(f"There is no {place}.") from None
        except OSError as error:
            raise unreachable(error) from None
    if identity is None:
        return found
    opened = folder / "opened"
    try:
        pyrage.decrypt_file(str(found), str(opened), [read_identity(identity)])
    except pyrage.DecryptError:
        raise BadInput(f"{Path(place).name} is not sealed to this identity, or it is broken.") from None
    return opened


def read_identity(file: Path) -> Any:
    """Return the identity in a file as ``age-keygen`` writes it; raise BadInput where there is none."""
    try:
        lines = file.read_text(encoding="ascii").splitlines()
        return pyrage.x25519.Identity.from_str(
            next(line.strip() for line in lines if line.startswith("AGE-"))
        )
    except (OSError, ValueError, StopIteration, pyrage.IdentityError):
        raise BadInput(f"{file.name} holds no age identity. Name the file that age-keygen wrote.") from None


def unreachable(error: OSError) -> BadInput:
    """Return what to say when the object store did not do as asked; its own words may hold an address, and are left out."""
    kind = next(
        (
            word
            for word in ("ACCESS_DENIED", "NO_SUCH_BUCKET", "INVALID_ACCESS_KEY_ID", "NETWORK_CONNECTION")
            if word in str(error)
        ),
        "",
    )
    return BadInput(
        f"The object store did not do it{f' ({kind.lower()})' if kind else ''}. Look at TALLYSTICK_S3_ENDPOINT, the bucket, "
        "and whether these credentials may read and write there."
    )
