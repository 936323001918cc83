"""A share on disk: which room is where, which door may open which room, and the lock that keeps two runs apart."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from tallystick.agreement.dataset import Dataset
from tallystick.errors import BadInput
from tallystick.ledger import Ledger


@dataclass(frozen=True)
class Door:
    """What one door reads and writes, as the first parts of paths under the share (``*`` stands for one name)."""

    reads: tuple[str, ...]
    writes: tuple[str, ...]


DOORS: dict[str, Door] = {
    "supply": Door(
        reads=("supplies", "rooms/supplier-*/keys.parquet"),
        writes=(
            "rooms/supplier-*/identifiers*.parquet.age",
            "rooms/supplier-*/attributes*.parquet.age",
            "rooms/supplier-*/keys.parquet",
            "rooms/supplier-*/quality.html",
            "rooms/supplier-*/quality.json",
            "rooms/steward/supplies",
        ),
    ),
    "link": Door(
        reads=("rooms/supplier-*/identifiers*.parquet.age", "keys/linker", "rooms/linker", "overrides.csv"),
        writes=("rooms/linker",),
    ),
    "review": Door(
        reads=("rooms/supplier-*/identifiers*.parquet.age", "keys/linker", "rooms/linker", "overrides.csv"),
        writes=(
            "rooms/linker/review",
            "rooms/linker/links.parquet",
            "rooms/linker/persons.parquet",
            "rooms/linker/thresholds.parquet",
            "rooms/linker/fractures.parquet",
            "rooms/linker/lineage.parquet",
            ".review.lock",
        ),
    ),
    "evaluate": Door(
        reads=("rooms/supplier-*/keys.parquet", "rooms/linker/persons.parquet", "truth"),
        writes=("rooms/linker/truth.json",),
    ),
    "deidentify": Door(
        reads=(
            "rooms/supplier-*/attributes*.parquet.age",
            "rooms/linker/persons.parquet",
            "rooms/linker/strength.parquet",
            "rooms/linker/thresholds.parquet",
            "keys/steward",
        ),
        writes=("rooms/steward",),
    ),
    "lab": Door(
        reads=("rooms/steward", "reports/lab"),
        writes=("reports/lab", "rooms/steward/lab"),
    ),
    "extract": Door(
        reads=("rooms/steward", "keys/steward", "projects"),
        writes=("rooms/projects/*",),
    ),
    "project": Door(reads=("projects",), writes=("projects",)),
    "output": Door(
        reads=("outputs", "releases", "projects"),
        writes=("outputs", ".outputs.lock", "releases"),
    ),
    "pack": Door(
        reads=("supplies", "measures.toml", "lookups", "series", "packs"),
        writes=("series", "packs"),
    ),
    "release": Door(reads=("projects", "releases"), writes=("releases",)),
    "expire": Door(reads=("rooms/projects/*", "keys/steward", "projects"), writes=()),
    "destroy": Door(
        reads=(
            "supplies",
            "keys",
            "rooms/supplier-*/identifiers*.parquet.age",
            "rooms/supplier-*/attributes*.parquet.age",
            "rooms/linker/state.zip.age",
            "rooms/linker/review/pairs.json.age",
        ),
        writes=(),
    ),
    "quality": Door(
        reads=(
            "rooms/linker/quality.json",
            "rooms/linker/model.json",
            "rooms/linker/truth.json",
            "rooms/linker/review/review.json",
            "rooms/steward/who-linked.json",
        ),
        writes=("reports",),
    ),
    "report": Door(
        reads=("rooms/linker/quality.json", "rooms/linker/truth.json", "rooms/steward", "projects"),
        writes=("reports",),
    ),
}
"""Every door may also read `agreement.toml` and write the ledger. Only `supply` sees identifiers and attributes together."""


@dataclass(frozen=True)
class Share:
    """The folder of one share, and where its parts lie."""

    root: Path

    @property
    def agreement(self) -> Path:
        """The executable agreement."""
        return self.root / "agreement.toml"

    @property
    def ledger(self) -> Ledger:
        """The ledger, and its head apart."""
        return Ledger(self.root / "ledger.jsonl", self.root / "ledger.head")

    @property
    def linker(self) -> Path:
        """The room that sees identifiers and no attributes."""
        return self.root / "rooms" / "linker"

    @property
    def steward(self) -> Path:
        """The room that sees attributes and no identifiers."""
        return self.root / "rooms" / "steward"

    @property
    def truth(self) -> Path:
        """The truth of a synthetic share: `<source>.csv` with record_id and person. Real shares have none."""
        return self.root / "truth"

    @property
    def report(self) -> Path:
        """The one page on what was done."""
        return self.root / "reports" / "share.html"

    @property
    def staging(self) -> Path:
        """Where an act writes before it is in the ledger."""
        return self.root / ".staging"

    def supplier(self, source: str) -> Path:
        """The room of one dataset's supplier."""
        return self.root / "rooms" / f"supplier-{source}"

    def half(self, source: str, half: str, number: int = 1) -> Path:
        """The sealed ``identifiers`` or ``attributes`` of a dataset's first, second, ... supply."""
        return self.supplier(source) / f"{half}{_th(number)}.parquet.age"

    def half_key(self, source: str, half: str, number: int = 1) -> Path:
        """The key of such a half: the linker's or the steward's, one for each supply."""
        return self.key({"identifiers": "linker", "attributes": "steward"}[half], f"{source}{_th(number)}")

    @property
    def state(self) -> Path:
        """What a refresh of the linkage goes on from, sealed: it holds identifiers."""
        return self.linker / "state.zip.age"

    @property
    def state_key(self) -> Path:
        """The key of ``state``; no dataset can have this name."""
        return self.key("linker", "+state")

    @property
    def reviewed(self) -> Path:
        """The pairs of a clerical review as its people see them, sealed: they hold identifiers."""
        return self.linker / "review" / "pairs.json.age"

    @property
    def reviewed_key(self) -> Path:
        """The key of ``reviewed``."""
        return self.key("linker", "+review")

    @property
    def decisions(self) -> Path:
        """What people decided about pairs of records, by supply key; it stands over the model."""
        return self.root / "overrides.csv"

    def project(self, project_id: str) -> Path:
        """The room of one project."""
        return self.root / "rooms" / "projects" / project_id

    def key(self, room: str, name: str) -> Path:
        """The file of one key of one room."""
        return self.root / "keys" / room / f"{name}.key"

    def relative(self, path: Path) -> str:
        """Return the path as the ledger names it."""
        return path.relative_to(self.root).as_posix()


def _th(number: int) -> str:
    return "" if number == 1 else f"+{number}"


def open_share(folder: Path) -> Share:
    """Return the share in ``folder``; raise BadInput where there is none."""
    share = Share(folder.resolve())
    if not share.agreement.is_file():
        raise BadInput(
            f"There is no share in {folder}: it has no agreement.toml. "
            "Make one with `tally init DIR --template moj-dfe`, or name the right folder."
        )
    return share


def supply_path(share: Share, dataset: Dataset) -> Path:
    """Return where the agreement says that a dataset's file lies; raise BadInput where that leads out of the share."""
    named = Path(dataset.path or f"supplies/{dataset.name}.csv")
    path = share.root / named
    if named.is_absolute() or not path.resolve().is_relative_to(share.root.resolve()):
        raise BadInput(
            f"The agreement's path for dataset {dataset.name} leads out of the share. "
            "Name a path inside it, or give the folder of supplies where a command takes one."
        )
    return path


@contextmanager
def locked(share: Share) -> Iterator[None]:
    """Hold the share's one lock; raise BadInput where another process holds it."""
    lock = FileLock(share.root / ".lock", mode=0o600)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise BadInput(
            f"Another `tally` is at work in {share.root.name}. Wait for it to end, then run this again."
        ) from None
    try:
        yield
    finally:
        lock.release()


def read_parquet(path: Path) -> pa.Table:
    """Return the table in a Parquet file of one of the rooms; raise BadInput where it is missing or broken."""
    try:
        with path.open("rb") as file:
            return pq.read_table(file)
    except FileNotFoundError:
        raise BadInput(
            f"{path.parent.name}/{path.name} is missing: run the step that makes it first."
        ) from None
    except pa.ArrowInvalid:
        raise BadInput(
            f"{path.parent.name}/{path.name} is not Parquet any more; restore it from a backup."
        ) from None


def from_bytes(data: bytes) -> pa.Table:
    """Return the table in these bytes of a Parquet file."""
    return pq.read_table(pa.BufferReader(data))


def to_bytes(table: pa.Table) -> bytes:
    """Return the table as the bytes of a Parquet file (zstd), for sealing."""
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()
