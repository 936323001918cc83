"""Changing an agreement's text without losing its author's comments: signatures put in and taken out, keys of `[agreement]` set.

Whatever is written is read back and must be the agreement that was meant; where an unusual layout defeats the edit, the
agreement is written anew from its values.
"""

from __future__ import annotations

import re
from typing import Any

import tomli_w

from tallystick.agreement.io import parse, to_toml
from tallystick.agreement.schema import Agreement
from tallystick.errors import BadInput

HEADER = re.compile(r"^\s*\[")
SIGNATURE = re.compile(r"^\s*\[\[\s*signature\s*\]\]")
ABOUT = re.compile(r"^\s*\[\s*agreement\s*\]")


def rewritten(text: str, agreement: Agreement) -> str:
    """Return ``text`` edited so that it reads as ``agreement``, which differs in its signatures and version at most."""
    edited = with_signatures(text, agreement)
    about = agreement.about
    for key, value in (
        ("reviewed_on", about.reviewed_on),
        ("supersedes", about.supersedes),
        ("version", about.version),
    ):
        if value not in (None, "", 1):
            edited = with_key(edited, key, value)
    try:
        is_meant = parse(edited, Agreement, name="the edited agreement") == agreement
    except BadInput:
        is_meant = False
    return edited if is_meant else to_toml(agreement)


def with_signatures(text: str, agreement: Agreement) -> str:
    """Return the text with the agreement's signatures at its end, in place of those that it had."""
    kept: list[str] = []
    inside = False
    for line in text.splitlines():
        if HEADER.match(line):
            inside = bool(SIGNATURE.match(line))
        if not inside:
            kept.append(line)
    body = "\n".join(kept).rstrip() + "\n"
    for signature in agreement.signatures:
        body += "\n[[signature]]\n" + tomli_w.dumps(signature.model_dump())
    return body


def with_key(text: str, key: str, value: Any) -> str:
    """Return the text with one key of `[agreement]` set, in its line if it has one, else below the heading."""
    said = tomli_w.dumps({key: value}).rstrip()
    lines, inside, heading = text.splitlines(), False, None
    for index, line in enumerate(lines):
        if HEADER.match(line):
            inside = bool(ABOUT.match(line))
            heading = index if inside else heading
        elif inside and re.match(rf"\s*{key}\s*=", line):
            lines[index] = said
            return "\n".join(lines) + "\n"
    if heading is None:
        return text
    lines.insert(heading + 1, said)
    return "\n".join(lines) + "\n"
