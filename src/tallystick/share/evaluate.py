"""Where a share is synthetic and its truth is known: precision and recall of its links, as counts only."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.csv as pc

from tallystick.agreement.schema import Agreement
from tallystick.errors import BadInput
from tallystick.share import acts
from tallystick.share.acts import Clock
from tallystick.share.rooms import Share, read_parquet

EVENT = "evaluate"


@dataclass(frozen=True)
class Accuracy:
    """Pairs of records across the sources: found and true, found and false, missed."""

    true_links: int
    false_links: int
    missed_links: int

    @property
    def precision(self) -> float:
        """The share of the found pairs that are true; 1 where none was found."""
        found = self.true_links + self.false_links
        return self.true_links / found if found else 1.0

    @property
    def recall(self) -> float:
        """The share of the true pairs that were found; 1 where there is none."""
        true = self.true_links + self.missed_links
        return self.true_links / true if true else 1.0

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        total = 2 * self.true_links + self.false_links + self.missed_links
        return 2 * self.true_links / total if total else 1.0


def accuracy(persons: pa.Table, keys: dict[str, pa.Table], truth: dict[str, pa.Table]) -> Accuracy:
    """Return the accuracy over every pair of records of two sources that share a person id, or should.

    ``persons`` has source, supply_key, person_id; each of ``keys`` record_id, supply_key; each of ``truth``
    record_id, person (both as text). Pairs are counted from group sizes, so that no pair is made.
    """
    with duckdb.connect() as connection:
        connection.register("persons", persons)
        for name, found in (("keys", keys), ("truth", truth)):
            parts = [
                table.append_column("source", pa.array([s] * table.num_rows)) for s, table in found.items()
            ]
            connection.register(name, pa.concat_tables(parts, promote_options="permissive"))
        connection.execute(
            """
            create table records as
            select t.source, t.person, coalesce(p.person_id, t.source || '/' || t.record_id) as person_id
            from truth t
            join keys k on k.source = t.source and k.record_id = t.record_id
            left join persons p on p.source = k.source and p.supply_key = k.supply_key
            """
        )
        true_links = _pairs(connection, "person")
        found_links = _pairs(connection, "person_id")
        both = _pairs(connection, "person, person_id")
    return Accuracy(both, found_links - both, true_links - both)


def _pairs(connection: duckdb.DuckDBPyConnection, group: str) -> int:
    """Return how many pairs of records of two different sources share ``group`` (a column list of our own)."""
    row = connection.execute(
        f"""
        with sizes as (select {group}, source, count(*) as n from records group by all),
             groups as (select {group}, sum(n) as total, sum(n * n) as squares from sizes group by {group})
        select coalesce(sum((total * total - squares) / 2), 0)::bigint from groups
        """  # noqa: S608
    ).fetchone()
    assert row is not None
    return int(row[0])


def evaluate(
    share: Share, agreement: Agreement, *, clock: Clock, truth: Path | None = None
) -> Accuracy | None:
    """Measure the share's links against the truth in ``truth`` (or the share's own), and note the counts.

    Returns None where there is no truth, as in any real share.
    """
    folder = truth or share.truth
    if agreement.linkage is None or not folder.is_dir():
        return None
    names = list(dict.fromkeys(name for pair in agreement.linkage.between for name in pair))
    found = accuracy(
        read_parquet(share.linker / "persons.parquet"),
        {name: read_parquet(share.supplier(name) / "keys.parquet") for name in names},
        {name: _read_truth(folder / f"{name}.csv") for name in names},
    )
    event_id = acts.numbered(EVENT, acts.times(share, "link"))
    if not acts.is_done(share, event_id):
        counts = {**asdict(found), "precision": found.precision, "recall": found.recall, "f1": found.f1}
        with acts.act(
            share, event_id, name="evaluate", subject=agreement.about.id, clock=clock, details=dict(counts)
        ) as room:
            (room / "rooms" / "linker").mkdir(parents=True)
            (room / "rooms" / "linker" / "truth.json").write_text(
                json.dumps(counts, indent=2), encoding="utf-8"
            )
    return found


def _read_truth(path: Path) -> pa.Table:
    if not path.is_file():
        raise BadInput(f"There is no truth for {path.stem}: {path.name} is not in {path.parent.name}/.")
    text = {"record_id": pa.string(), "person": pa.string()}
    try:
        table = pc.read_csv(path, convert_options=pc.ConvertOptions(column_types=text))
        return table.select(["record_id", "person"])
    except (pa.ArrowInvalid, KeyError):
        raise BadInput(
            f"{path.name} is not a truth file: it needs the columns record_id and person."
        ) from None
