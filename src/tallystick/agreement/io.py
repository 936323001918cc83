"""Agreements and projects as files: TOML for people, JSON for programs; errors name the table, the key and the line.

The canonical form, which is hashed and signed, is JSON with sorted keys and without the signatures. Answers equal to their
default are left out of it, so that writing a default down, or a new optional question in a later version, voids no signature.
"""

from __future__ import annotations

import difflib
import glob
import hashlib
import json
import os
import re
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar, get_args

import tomli_w
from pydantic import ValidationError

from tallystick.agreement.project import Project
from tallystick.agreement.schema import Agreement
from tallystick.agreement.values import LONGEST_NAME, NAME, Section
from tallystick.errors import BadInput, Finding

Document = TypeVar("Document", Agreement, Project)
LARGEST = 5_000_000


def load(path: Path) -> Agreement:
    """Return the agreement in a TOML or JSON file, or in a share's folder; raise BadInput naming key and line."""
    return parse_file(path / "agreement.toml" if path.is_dir() else path, Agreement)


def load_project(path: Path) -> Project:
    """Return the project in a TOML or JSON file; raise BadInput naming key and line."""
    return parse_file(path, Project)


def load_projects(share: Path) -> tuple[Project, ...]:
    """Return the projects of a share's folder, by id; raise BadInput where a file's name is not its project's id."""
    return tuple(_project_at(path) for path in sorted((share / "projects").glob("*.toml")))


def find_project(share: Path, project_id: str) -> Project:
    """Return one project of a share's folder; raise BadInput for no such project, or an id that could lead elsewhere."""
    return _project_at(share / "projects" / f"{as_name(project_id, 'A project')}.toml")


def _project_at(path: Path) -> Project:
    project = load_project(path)
    if project.id != path.stem:
        raise BadInput(
            f"projects/{path.name} holds the project {project.id!r}. Name the file {project.id}.toml."
        )
    return project


def as_name(text: str, what: str) -> str:
    """Return an id that is to become part of a path; raise BadInput for one that could lead to another folder."""
    if len(text) > LONGEST_NAME or not re.fullmatch(NAME, text):
        raise BadInput(
            f"{what} has an id of letters, figures and . _ -, at most {LONGEST_NAME}, beginning with a letter or a figure: this is none."
        )
    return text


def parse_file(path: Path, model: type[Document]) -> Document:
    """Return the document in ``path``, JSON if it is so named, else TOML."""
    try:
        if path.stat().st_size > LARGEST:
            raise BadInput(f"{path.name} is larger than {LARGEST:,} bytes: is it an agreement?")
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise BadInput(
            f"There is no {path.name} in {path.parent.name or path.parent}. `tally init` makes one."
        ) from None
    except IsADirectoryError:
        raise BadInput(f"{path.name} is a folder: name the file.") from None
    except UnicodeDecodeError as error:
        raise BadInput(f"{path.name} is not UTF-8 text (byte {error.start}). Save it as UTF-8.") from None
    except OSError as error:
        raise BadInput(f"{path.name} cannot be read: {error.strerror}.") from None
    return parse(text, model, name=path.name, is_json=path.suffix.lower() == ".json")


def parse(text: str, model: type[Document], *, name: str, is_json: bool = False) -> Document:
    """Return the document written in ``text``; raise BadInput with one finding for each thing that is wrong."""
    try:
        tree = json.loads(text) if is_json else tomllib.loads(text)
    except json.JSONDecodeError as error:
        raise BadInput(f"{name}, line {error.lineno}: this is not JSON ({error.msg}).") from None
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"{name} is not TOML: {error}.") from None
    except RecursionError:
        raise BadInput(f"{name} is nested too deeply to be an agreement.") from None
    if not isinstance(tree, dict):
        raise BadInput(f"{name} must hold one table (an object) with the key 'agreement'.")
    try:
        return model.model_validate(tree)
    except ValidationError as error:
        lines = {} if is_json else line_numbers(text)
        findings = tuple(as_finding(problem, model, name, lines) for problem in error.errors())
        count = len(findings)
        raise BadInput(
            f"{name} cannot be used: {count} thing{'s are' if count > 1 else ' is'} wrong.", findings
        ) from None


def as_finding(
    problem: Any, model: type[Section], name: str, lines: dict[tuple[str | int, ...], int]
) -> Finding:
    """Return one of pydantic's errors as a finding, without the value that was written."""
    place = list(problem["loc"])
    while place and tuple(place) not in lines and lines:
        place.pop()
    line = lines.get(tuple(place))
    clause = written(problem["loc"])
    where = f"{name}, line {line}, {clause}" if line else f"{name}, {clause}"
    if problem["type"] == "extra_forbidden":
        known = keys_at(model, problem["loc"][:-1])
        near = difflib.get_close_matches(str(problem["loc"][-1]), known, n=1)
        remedy = f"Did you mean {near[0]!r}?" if near else f"Its keys are: {', '.join(sorted(known))}."
        return Finding("agreement.schema", "There is no such key here.", remedy, where)
    if problem["type"] == "missing":
        return Finding("agreement.schema", "This must be given.", "Add it.", where)
    return Finding("agreement.schema", f"{problem['msg']}.", "Correct it.", where)


def written(loc: tuple[str | int, ...]) -> str:
    """Return pydantic's location as people count: ``dataset 2, field 3, kind``."""
    parts: list[str] = []
    for part in loc:
        if isinstance(part, int) and parts:
            parts[-1] += f" {part + 1}"
        else:
            parts.append(str(part))
    return ", ".join(parts) or "the whole"


def keys_at(model: type[Section], loc: tuple[str | int, ...]) -> list[str]:
    """Return the TOML names that the table at ``loc`` knows."""
    for part in loc:
        if isinstance(part, int):
            continue
        named = {field.alias or key: field for key, field in model.model_fields.items()}
        if part not in named:
            return []
        inner = next(sections(named[part].annotation), None)
        if inner is None:
            return []
        model = inner
    return [field.alias or key for key, field in model.model_fields.items()]


def sections(annotation: Any) -> Iterator[type[Section]]:
    """Yield the tables named in a type, such as Risk in ``tuple[Risk, ...]``."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        yield annotation
    for argument in get_args(annotation):
        yield from sections(argument)


def line_numbers(text: str) -> dict[tuple[str | int, ...], int]:
    """Return the line on which each table and key of a TOML text stands; values over several lines count as their first."""
    found: dict[tuple[str | int, ...], int] = {}
    counts: dict[tuple[str | int, ...], int] = {}
    table: tuple[str | int, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*(\[\[?)\s*([^\]]+?)\s*\]", line)
        key = re.match(r"\s*([A-Za-z0-9_\-\"'. ]+?)\s*=", line)
        if header:
            table = _place(header[2], counts, repeated=header[1] == "[[")
            found.setdefault(table, number)
        elif key:
            names = tuple(part.strip().strip("\"'") for part in key[1].split("."))
            for end in range(1, len(names) + 1):
                found.setdefault((*table, *names[:end]), number)
    return found


def _place(header: str, counts: dict[tuple[str | int, ...], int], *, repeated: bool) -> tuple[str | int, ...]:
    place: tuple[str | int, ...] = ()
    names = [part.strip().strip("\"'") for part in header.split(".")]
    for depth, name in enumerate(names):
        place = (*place, name)
        if repeated and depth == len(names) - 1:
            counts[place] = counts.get(place, -1) + 1
        if place in counts:
            place = (*place, counts[place])
    return place


def as_tree(document: Agreement | Project, *, signatures: bool = True) -> dict[str, Any]:
    """Return the document as plain JSON values under its TOML names, answers equal to their default left out."""
    leave_out = set() if signatures else {"signatures"}
    tree: dict[str, Any] = document.model_dump(
        mode="json", by_alias=True, exclude_defaults=True, exclude=leave_out
    )
    return tree


def canonical(document: Agreement | Project) -> bytes:
    """Return the bytes that are hashed and signed: JSON, keys sorted, no signatures, UTF-8."""
    tree = as_tree(document, signatures=False)
    return json.dumps(tree, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def document_hash(document: Agreement | Project) -> str:
    """Return ``sha256:…`` of the canonical form: what a signature is bound to, and a version's identity."""
    return "sha256:" + hashlib.sha256(canonical(document)).hexdigest()


def to_toml(document: Agreement | Project) -> str:
    """Return the document as TOML that `load` reads back as an equal document."""
    return tomli_w.dumps(document.model_dump(by_alias=True, exclude_defaults=True), multiline_strings=False)


def to_json(document: Agreement | Project) -> str:
    """Return the document as JSON that `load` reads back as an equal document."""
    return json.dumps(as_tree(document), indent=2, ensure_ascii=False) + "\n"


def dump(document: Agreement | Project, path: Path) -> None:
    """Write the document to ``path`` (JSON if it is so named, else TOML), aside first and then renamed."""
    text = to_json(document) if path.suffix.lower() == ".json" else to_toml(document)
    write_text(path, text)


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, flushed to the disk before it takes its name; what a killed process left of it goes."""
    aside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        sweep(path)
        with aside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except OSError as error:
        raise BadInput(f"{path.name} cannot be written: {error.strerror}.") from None
    finally:
        with suppress(OSError):
            aside.unlink(missing_ok=True)


def sweep(path: Path) -> None:
    """Remove what processes that are no more left of a file that they were writing."""
    if os.name != "posix":  # elsewhere asking whether a process lives would stop it
        return
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
        process = left.name.removeprefix(f".{path.name}.").removesuffix(".part")
        try:
            os.kill(int(process), 0)
        except (ValueError, PermissionError):  # none of ours, or somebody else's that is at work
            continue
        except (ProcessLookupError, OverflowError):
            left.unlink(missing_ok=True)
