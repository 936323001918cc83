"""Files of an output as the browser sends them: laid aside in the home folder for as long as the block lasts, or refused."""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile

from tallystick.disclosure.read import READERS
from tallystick.errors import BadInput
from tallystick.share.outputs import DESCRIPTION

LARGEST = 20_000_000
"""Bytes of one file: outputs are aggregates."""
MOST = 20
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._()-]{0,99}")
KINDS = ", ".join(sorted(READERS))


@contextmanager
def aside(files: Sequence[UploadedFile], kept: Sequence[Path] = ()) -> Iterator[Path]:
    """Yield a folder that holds the files, and those of ``kept`` that none of them replaces; raise BadInput for what cannot be taken.

    The names that the sender gave are used, so they are looked at: no folder, nothing hidden, plain letters.
    """
    check(files)
    folder = settings.ENVIRONMENT.home / "incoming" / secrets.token_hex(8)
    folder.mkdir(mode=0o700)
    try:
        for path in kept:
            shutil.copyfile(path, folder / path.name)
        for file in files:
            with (folder / str(file.name)).open("wb") as out:
                for chunk in file.chunks():
                    out.write(chunk)
        yield folder
    finally:
        shutil.rmtree(folder)


def check(files: Sequence[UploadedFile]) -> None:
    """Raise BadInput where a file's name, kind or size cannot be taken."""
    if len(files) > MOST:
        raise BadInput(f"At most {MOST} files make one output. Hand the others in on their own.")
    names = [str(file.name) for file in files]
    if len({name.lower() for name in names}) < len(names):
        raise BadInput("Two files have the same name. Rename one.")
    for at, (name, file) in enumerate(zip(names, files, strict=True), 1):
        if not NAME.fullmatch(name) or ".." in name:
            raise BadInput(
                f"File {at}: its name has characters that cannot be taken. Use letters of a to z, digits, dots and hyphens."
            )
        if not name.endswith(DESCRIPTION) and Path(name).suffix.lower() not in READERS:
            raise BadInput(f"{name}: this kind of file cannot be checked. Save it as one of: {KINDS}.")
        if (file.size or 0) > LARGEST:
            raise BadInput(
                f"{name}: it is larger than {LARGEST // 1_000_000} MB. Outputs are aggregates; send tables, not records."
            )
        if not file.size:
            raise BadInput(f"{name}: the file is empty.")
