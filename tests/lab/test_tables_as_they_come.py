"""One table as its owners save it: other encodings, separators, codes for who was treated, names with spaces and commas; one answer."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

HEADER = [
    "Person ID",
    "Age at index",
    "group, self-defined",
    "region",
    "Income (£)",
    "Took part?",
    "reoffended",
]
ARMS = {"yes": ("No", "Yes"), "name": ("No RHC", "RHC"), "code": ("1", "2"), "word": ("control", "Treated")}


def rows(arm: str = "yes", outcome: tuple[str, str] = ("0", "1")) -> list[list[str]]:
    draw = np.random.default_rng(4)
    made = []
    for i in range(600):
        age, treated = draw.normal(30, 8), draw.random() < 0.3
        group = draw.choice(["Café", "White", "NA"])
        income = "" if draw.random() < 0.2 else f"{draw.normal(20, 5):.1f}"
        had = draw.random() < 0.4 - 0.1 * treated
        made.append(
            [
                f"id{i}",
                f"{age:.2f}",
                group,
                str(draw.integers(1, 6)),
                income,
                ARMS[arm][treated],
                outcome[had],
            ]
        )
    return made  # fmt: skip


def text(lines: list[list[str]], header: list[str] = HEADER, **form: Any) -> str:
    said = io.StringIO()
    csv.writer(said, **form).writerows([header, *lines])
    return said.getvalue()


@pytest.fixture
def ask(tally: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    def asked(
        content: bytes,
        *,
        treatment: str = "Took part?",
        outcome: str = "reoffended",
        more: str = "",
        name: str = "t.csv",
    ) -> Any:
        (tmp_path / name).write_bytes(content)
        columns = f'Age at index,"group, self-defined",region,Income (£){more}'
        run = tally(
            "lab",
            "estimate",
            tmp_path / name,
            "--treatment",
            treatment,
            "--outcome",
            outcome,
            "--covariates",
            columns,
            "--json",
        )
        assert not {"Traceback", "id1"} & {*run.err.split(), *run.out.split()}
        return json.loads(run.out)["estimate"] if run.code == 0 else run.out + run.err

    return asked  # fmt: skip


def test_every_way_to_save_a_table_gives_the_same_estimate(ask: Callable[..., Any]) -> None:
    wanted = ask(text(rows()).encode())
    padded = [f" {name} " for name in HEADER]
    ways = {
        "semicolons": text(rows(), delimiter=";").encode(),
        "tabs": text(rows(), delimiter="\t").encode(),
        "quoted": text(rows(), quoting=csv.QUOTE_ALL).encode(),
        "with a mark": text(rows()).encode("utf-8-sig"),
        "UTF-16": text(rows()).encode("utf-16"),
        "Windows": text(rows()).encode("cp1252"),
        "padded header": text(rows(), padded).encode(),
        "words": text(rows("word")).encode(),
        "no x and x": text(rows("name")).encode(),
    }
    assert {name: ask(content) for name, content in ways.items()} == dict.fromkeys(ways, wanted)
    held = dict(zip(HEADER, zip(*rows(), strict=True), strict=True))
    numbers = {
        name: [float(v) if v else None for v in held[name]]
        for name in ("Age at index", "region", "Income (£)", "reoffended")
    }
    groups = pa.array([None if v == "NA" else v for v in held["group, self-defined"]]).dictionary_encode()
    aside = pa.BufferOutputStream()
    parquet.write_table(
        pa.table(
            {
                **held,
                **numbers,
                "group, self-defined": groups,
                "Took part?": [v == "Yes" for v in held["Took part?"]],
            }
        ),
        aside,
    )
    assert ask(aside.getvalue().to_pybytes(), name="t.parquet") == wanted  # fmt: skip


def test_a_value_that_counts_as_yes_is_named_or_asked_for(ask: Callable[..., Any]) -> None:
    wanted = ask(text(rows()).encode())
    coded = text(rows("code", ("alive", "dead"))).encode()
    assert ask(coded, treatment="Took part?=2", outcome="reoffended=dead") == wanted
    assert "as Took part?=VALUE" in ask(coded, outcome="reoffended=dead")
    assert "as reoffended=VALUE" in ask(coded, treatment="Took part?=2")
    assert "no row has the value" in ask(coded, treatment="Took part?=3", outcome="reoffended=dead")
    assert "Person ID: 600 different texts" in ask(text(rows()).encode(), more=",Person ID")


def test_codes_count_as_categories_where_told(tally: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(text(rows()), encoding="utf-8")
    words = (
        "lab",
        "estimate",
        tmp_path / "t.csv",
        "--treatment",
        "Took part?",
        "--outcome",
        "reoffended",
        "--covariates",
        "region",
        "--json",
    )
    assert [*json.loads(tally(*words).out)["smd"]] == ["region"]
    assert [*json.loads(tally(*words, "--categories", "region").out)["smd"]] == [
        f"region={k}" for k in range(2, 6)
    ]
    assert tally(*words, "--categories", "area").code == 2  # fmt: skip


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"a,b\n1,2,3\n", "3 cells where the header has 2 columns"),
        (b"", "is empty"),
        (b"PK\x03\x04nonsense", "truncated or damaged"),
        (b"%PDF-1.7", "is a PDF"),
        (b"Took part?,Age at index\n1,\x81\x8d\n", "encoding cannot be told"),
    ],
)
def test_what_is_no_table_is_named(ask: Callable[..., Any], content: bytes, says: str) -> None:
    assert says in ask(content)


def test_numbers_written_for_people_are_named(tally: Callable[..., Any], tmp_path: Path) -> None:
    lines = [[*row[:4], f"£{i % 9},000", *row[5:]] for i, row in enumerate(rows())]
    (tmp_path / "t.csv").write_text(text(lines), encoding="utf-8")
    run = tally(
        "lab", "estimate", tmp_path / "t.csv", "--treatment", "Took part?", "--outcome", "reoffended", "--covariates", "Income (£)"
    )  # fmt: skip
    assert run.code == 2
    assert "without commas or a currency sign" in run.err
