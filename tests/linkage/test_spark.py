"""The same model on Spark, in local mode, gives the links that the native engine gives."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pc
import pytest

from tallystick.errors import BadInput
from tallystick.linkage import LinkageSpec, link, spark
from worlds import write_share


@pytest.mark.slow
@pytest.mark.spark
@pytest.mark.filterwarnings("ignore")
@pytest.mark.skipif(shutil.which("java") is None, reason="needs Java")
def test_links_on_spark_are_those_of_the_native_engine(tmp_path: Path) -> None:
    folder = write_share(tmp_path / "s", people=80) / "supplies"
    text = pc.ConvertOptions(column_types={"dob": pa.string()})
    tables = {s: pc.read_csv(folder / f"{s}.csv", convert_options=text) for s in ("justice", "education")}
    aliases = pa.array([f"{name}; x" for name in tables["justice"]["surname"].to_pylist()])
    tables["justice"] = tables["justice"].append_column("other_surnames", aliases)
    native = link(tables, LinkageSpec())
    on_spark = link(tables, LinkageSpec(engine="spark", master="local[2]"))
    pairs = ["source_l", "record_id_l", "source_r", "record_id_r"]
    assert on_spark.links.select(pairs).to_pylist() == native.links.select(pairs).to_pylist()
    assert on_spark.persons.num_rows == native.persons.num_rows


def test_conditions_are_put_into_sparks_dialect() -> None:
    sql = spark.translated(
        'NOT ("a_l" = "b_r") AND jaro_winkler_similarity("a_l", "a_r") >= 0.9 OR "a_l" IS NULL'
    )
    assert "JARO_WINKLER(`a_l`, `a_r`) >= 0.9" in sql
    assert spark.translated('l."a" = r."a"') == "l.`a` = r.`a`"
    lists = spark.translated('array_length(list_intersect("t_l", "t_r")) >= 1')
    assert lists == "SIZE(ARRAY_INTERSECT(`t_l`, `t_r`)) >= 1"


def test_a_function_that_spark_does_not_have_is_named() -> None:
    with pytest.raises(BadInput, match="list_max"):
        spark.translated('list_max(list_intersect("t_l", "t_r")) >= 1')


def test_without_java_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert sys.modules["shutil"].which("java") is None
    with pytest.raises(BadInput, match="Java"):
        spark.links({"x": pa.table({"record_id": ["1"]})}, {"comparisons": []}, 0.5)
