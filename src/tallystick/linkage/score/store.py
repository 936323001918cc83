"""An index as a folder: written aside and then in place, opened without reading it (memory-mapped)."""

from __future__ import annotations

import errno
import json
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tallystick.errors import BadInput
from tallystick.linkage.score.blocks import Side
from tallystick.linkage.score.columns import Known
from tallystick.linkage.score.index import Index

FORMAT = 1
ABOUT = "index.json"
PARTS = ("order", "values", "first", "end")


def save(index: Index, folder: Path) -> None:
    """Write the index; one that stands there is replaced, anything else is not.

    It holds what the source holds of people: the folder is the owner's alone (0700). Raises BadInput where it cannot be written.
    """
    if folder.exists() and not (folder / ABOUT).is_file():
        raise BadInput(f"{folder} is there already and is no index. Name another place.")
    if not folder.parent.is_dir():
        raise BadInput(f"{folder.parent}: the folder is not there. Make it first.")
    aside, old = (folder.with_name(f".{folder.name}.{end}") for end in ("part", "old"))
    try:
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(mode=0o700)
        _fill(index, aside)
        if folder.exists():
            shutil.rmtree(old, ignore_errors=True)
            folder.replace(old)
        aside.replace(folder)
    except OSError as error:
        is_full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        why = "the disk is full" if is_full else (error.strerror or "it could not be written")
        raise BadInput(
            f"{folder} could not be written: {why}. Nothing half-written was left. Free some room or name another place."
        ) from None
    finally:
        for left in (aside, old):
            with suppress(OSError):
                shutil.rmtree(left, ignore_errors=True)


def open_index(folder: Path) -> Index:
    """Return the index in a folder. Raises BadInput for a folder that is none, is of another format, or is not whole."""
    try:
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        if about["format"] != FORMAT:
            raise BadInput(
                f"{folder}: this index has format {about['format']}; this version reads {FORMAT}. Build it again."
            )
        known = Known(
            distinct={
                int(g): _column(folder / f"distinct-{g}.arrow").combine_chunks() for g in about["distinct"]
            },
            **{
                name: {int(c): _array(folder / f"{name}-{c}.npy") for c in about[name]}
                for name in ("counts", "lengths", "entries")
            },
        )
        sides: dict[tuple[int, int], Side] = {}
        for rule, side, same in about["sides"]:
            sides[rule, side] = (
                sides[rule, same]
                if same != side
                else Side(*(_array(folder / f"rule-{rule}-{side}-{part}.npy") for part in PARTS))
            )
        ids, codes = _column(folder / "ids.arrow"), _array(folder / "codes.npy")
        if not len(ids) == len(codes) == about["records"]:
            raise BadInput(f"{folder}: the index is not whole. Build it again.")
        return Index(
            about["source"],
            about["settings"],
            about["id_column"],
            ids,
            codes,
            known,
            sides,
            about["is_cleaned"],
        )
    except FileNotFoundError:
        raise BadInput(
            f"{folder}: there is no index here, or a part of it is gone. Build it with `tally link index`."
        ) from None
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        raise BadInput(
            f"{folder}: this is not an index that can be read ({type(error).__name__}). Build it again."
        ) from None


def _fill(index: Index, folder: Path) -> None:
    np.save(folder / "codes.npy", index.codes)
    _write_column(index.ids, folder / "ids.arrow")
    for group, distinct in index.known.distinct.items():
        _write_column(pa.chunked_array([distinct]), folder / f"distinct-{group}.arrow")
    for name in ("counts", "lengths", "entries"):
        for column, values in getattr(index.known, name).items():
            np.save(folder / f"{name}-{column}.npy", values)
    written: list[tuple[int, int, int]] = []
    for (rule, side), one in index.sides.items():
        same = next((s for s in range(side) if index.sides[rule, s] is one), side)
        if same == side:
            for part in PARTS:
                np.save(folder / f"rule-{rule}-{side}-{part}.npy", getattr(one, part))
        written.append((rule, side, same))
    about: dict[str, Any] = {
        "format": FORMAT,
        "source": index.source,
        "id_column": index.id_column,
        "is_cleaned": index.is_cleaned,
        "records": len(index.codes),
        "settings": index.settings,
        "sides": written,
        **{name: sorted(getattr(index.known, name)) for name in ("distinct", "counts", "lengths", "entries")},
    }
    (folder / ABOUT).write_text(json.dumps(about) + "\n", encoding="utf-8")
    for path in folder.iterdir():
        path.chmod(0o600)


def _array(path: Path) -> npt.NDArray[Any]:
    return np.asarray(np.load(path, mmap_mode="r"))


def _write_column(values: pa.ChunkedArray, path: Path) -> None:
    table = pa.table({"value": values})
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)


def _column(path: Path) -> pa.ChunkedArray:
    return pa.ipc.open_file(pa.memory_map(str(path))).read_all()["value"]
