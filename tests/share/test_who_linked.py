"""The steward's tables: who linked, for whom it failed, what hangs on the threshold, and weights into an extract."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tallystick.agreement import io
from tallystick.agreement.schema import Agreement, Analysis
from tallystick.errors import BadInput
from tallystick.share import who_linked
from tallystick.share.deidentify import with_link
from tallystick.share.rooms import open_share
from tallystick.share.run import run
from worlds import CLOCK, signed, write_share

ANALYSIS = Analysis(outcome="education.occupation", value="clerk", by="justice.occupation")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A share of 400 people, of whom half are in both sources, whose projects ask for weights."""
    folder = write_share(tmp_path_factory.mktemp("who") / "s", people=400)
    agreement = io.load(folder)
    assert agreement.linkage is not None
    linkage = agreement.linkage.model_copy(
        update={"expected_to_link": ("education",), "analyses": (ANALYSIS,)}
    )
    io.dump(signed(agreement.model_copy(update={"linkage": linkage})), folder / "agreement.toml")
    project = folder / "projects" / "occupations.toml"
    project.write_text("linkage_weights = true\n" + project.read_text())
    run(open_share(folder), clock=CLOCK)
    return folder


def test_rates_count_people_and_sum_to_the_share(finished: Path) -> None:
    said = json.loads((finished / "rooms" / "steward" / "who-linked.json").read_text())
    mine = [one for one in said["rates"] if (one["dataset"], one["field"]) == ("education", "occupation")]
    assert {one["group"] for one in mine} == {"clerk", "smith", "nurse", "sailor"}
    assert sum(one["people"] for one in mine) == 400
    assert sum(one["people"] * one["linked_share"] for one in mine) == pytest.approx(200)
    assert {one["dataset"]: one["linked_share"] for one in said["overall"]} == {
        "education": 0.5,
        "justice": 0.5,
    }
    assert all(abs(one["difference"]) < 0.2 for one in said["fields"])
    assert said["bias"]["worse"] == []
    assert said["bias"]["tested"] >= 4
    assert {one["threshold"] for one in said["at_thresholds"]} >= {0.5, 0.9, 0.99}


def test_the_chosen_analysis_at_each_threshold(finished: Path) -> None:
    said = json.loads((finished / "rooms" / "steward" / "who-linked.json").read_text())
    (analysis,) = said["analyses"]
    # The occupation is the person's own in both sources, so all clerks of the one are clerks of the other: no cell is mixed, all are hidden.
    assert {one["mean"] for one in analysis["answers"]} == {None}
    assert {one["group"] for one in analysis["answers"]} == {"clerk", "smith", "nurse", "sailor"}


def test_weights_are_in_the_extract_and_its_dictionary(finished: Path) -> None:
    room = finished / "rooms" / "projects" / "occupations"
    table = pq.read_table(room / "extract" / "education.parquet")
    weight = table["linkage_weight"].to_pylist()
    assert sum(weight) == pytest.approx(400, rel=0.01)
    rows = list(csv.DictReader((room / "dictionary.csv").read_text().splitlines()))
    (mine,) = [row for row in rows if (row["dataset"], row["column"]) == ("education", "linkage_weight")]
    assert "inverse-probability-of-linkage" in mine["how"]
    assert (
        "linkage_weight"
        not in pq.read_table(finished / "rooms/projects/trades/extract/education.parquet").column_names
    )


def skewed(agreement: Agreement, times: int) -> tuple[pa.Table, pa.Table, pa.Table]:
    """Return attributes, persons and labels of 4,000 people, of whom 5 % (``times`` that, of nurses) lost their link."""
    jobs = ["clerk", "smith", "nurse", "sailor"]
    rows = [
        (n, jobs[n % 4], n // 4 % 100 < 5 * (times if jobs[n % 4] == "nurse" else 1)) for n in range(4000)
    ]
    attributes = pa.table(
        {"supply_key": [f"e{n}" for n, _, _ in rows], "occupation": [job for _, job, _ in rows]}
    )
    ids = [f"p{n}" for n, _, _ in rows]
    apart = [f"q{n}" if lost else f"p{n}" for n, _, lost in rows]
    sources = ["education"] * 4000 + ["justice"] * 4000
    keys = [f"e{n}" for n, _, _ in rows] + [f"j{n}" for n, _, _ in rows]
    persons = pa.table({"source": sources, "supply_key": keys, "person_id": ids + apart})
    number = [n for n, _, _ in rows]
    labels = pa.table({"source": sources, "supply_key": keys, "0.5": number * 2,
                       "0.9": number + [n + 4000 * lost for n, _, lost in rows]})  # fmt: skip
    return attributes, persons, labels


@pytest.mark.parametrize(("times", "named"), [(3, ["nurse", "nurse"]), (1, [])])
def test_a_planted_bias_is_named_by_both_measures_and_nothing_else(
    finished: Path, times: int, named: list[str]
) -> None:
    agreement = io.load(finished)
    assert agreement.linkage is not None
    linkage = agreement.linkage.model_copy(update={"threshold": 0.9, "analyses": ()})
    agreement = agreement.model_copy(update={"linkage": linkage})
    attributes, persons, labels = skewed(agreement, times)
    dataset = next(one for one in agreement.datasets if one.name == "education")
    part = who_linked.part(with_link(attributes, persons, dataset), dataset, agreement, labels)
    said = who_linked.figures([part], agreement, labels)
    assert [one["group"] for one in said["bias"]["worse"]] == named
    assert {one["measure"] for one in said["bias"]["worse"]} == (
        {who_linked.MISSED, who_linked.LOST} if named else set()
    )
    if named:
        assert said["bias"]["worse"][0]["ratio"] == pytest.approx(3, rel=0.1)


def test_a_group_of_whom_few_have_a_true_link_is_not_named(finished: Path) -> None:
    """Of sailors 2 % have a true link, of others 80 %; 5 % of those are lost. Of people without one 3 % have a likely candidate, 6 % an unlikely."""
    agreement = io.load(finished)
    assert agreement.linkage is not None
    linkage = agreement.linkage.model_copy(update={"threshold": 0.9, "analyses": (), "expected_to_link": ()})
    agreement = agreement.model_copy(update={"linkage": linkage})
    jobs = ["clerk", "smith", "nurse", "sailor"]
    of, at_tenth, at_even, at_nine = [], [], [], []
    for job in jobs:
        true = 40 if job == "sailor" else 1600
        for n in range(2000):
            number = len(of)
            is_likely = n < true or n % 100 < 3
            is_linked = n < true and n % 20 > 0
            of.append(job)
            at_tenth.append(number if is_likely or n % 100 < 9 else number + 8000)
            at_even.append(number if is_likely else number + 8000)
            at_nine.append(number if is_linked else number + 8000)
    keys = [f"e{n}" for n in range(8000)] + [f"j{n}" for n in range(8000)]
    sources, number = ["education"] * 8000 + ["justice"] * 8000, list(range(8000))
    people = {
        "weak 0.1": at_tenth, "weak 0.2": at_even, "0.5": at_even, "0.9": at_nine,
    }  # fmt: skip
    labels = pa.table(
        {"source": sources, "supply_key": keys, **{at: number + theirs for at, theirs in people.items()}}
    )
    persons = pa.table(
        {
            "source": sources,
            "supply_key": keys,
            "person_id": [f"p{n}" for n in labels["0.9"].to_pylist()],
        }
    )
    attributes = pa.table({"supply_key": keys[:8000], "occupation": of})
    dataset = next(one for one in agreement.datasets if one.name == "education")
    part = who_linked.part(with_link(attributes, persons, dataset), dataset, agreement, labels)
    (sailors,) = [one for one in part.lost if one.group == "sailor"]
    assert sailors.errors / sailors.people > 0.5, "taken as they are, sailors lose most of their likely links"
    assert 50 < sailors.false < 80
    assert who_linked.figures([part], agreement, labels)["bias"]["worse"] == []
    older = labels.drop_columns(["weak 0.1", "weak 0.2"])
    part = who_linked.part(with_link(attributes, persons, dataset), dataset, agreement, older)
    (worse,) = who_linked.figures([part], agreement, older)["bias"]["worse"]
    assert worse["group"] == "sailor", "what is not allowed for is named"


@pytest.mark.parametrize("wrong", ["education.surname", "education.none", "none.occupation", "occupation"])
def test_an_analysis_of_no_attribute_is_refused(finished: Path, wrong: str) -> None:
    with pytest.raises(BadInput, match="not an attribute"):
        who_linked.question(Analysis(outcome=wrong), io.load(finished))


def test_weights_at_the_command_line(tmp_path: Path, tally: Callable[..., Any]) -> None:
    table = pa.table({"record_id": [f"r{n}" for n in range(900)], "region": ["a", "b", "c"] * 300,
                      "is_linked": [n % 3 > 0 or n % 6 == 0 for n in range(900)]})  # fmt: skip
    pq.write_table(table, tmp_path / "t.parquet")
    call = ("link", "weights", tmp_path / "t.parquet", "--linked", "is_linked", "-o", tmp_path / "w.parquet")
    ran = tally(*call, "--by", "region", "--json")
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)["balance"][0]["after"] < 0.01
    made = {
        row["record_id"]: row["linkage_weight"] for row in pq.read_table(tmp_path / "w.parquet").to_pylist()
    }
    assert (made["r0"], made["r1"]) == (2.0, 1.0)
    assert len(made) == 750
    assert "as precise as" in tally(*call, "--by", "region").out
    assert tally(*call).code == 2
    assert "no column 'none'" in tally(*call, "--by", "none").err
