"""Tables that tell nothing, at the command line: a plain message and no number, or a number with its warning; never a traceback."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from tallystick.lab.estimate import METHODS

N = 120
MARK = "Zzyzx"  # stands for a person's value: it may be in no message
draw = np.random.default_rng(0)
GOOD = {
    "t": [str(int(v)) for v in draw.random(N) < 0.4],
    "y": [str(int(v)) for v in draw.random(N) < 0.4],
    "a": [f"{v:.3f}" for v in draw.normal(size=N)],
    "b": [f"{v:.3f}" for v in draw.normal(size=N)],
    "s": list(draw.choice(["F", "M"], N)),
}


def text(**columns: list[str]) -> str:
    table = GOOD | columns
    rows = zip(*table.values(), strict=True)
    return ",".join(table) + "\n" + "".join(",".join(row) + "\n" for row in rows)


def one(column: str, value: str) -> str:
    values = list(GOOD[column])
    values[3] = value
    return text(**{column: values})


REFUSED: dict[str, tuple[str, str]] = {
    "an infinite covariate": (one("a", "inf"), "Column a, row 4"),
    "minus infinity": (one("b", "-Infinity"), "Column b, row 4"),
    "beyond all measure": (one("a", "1e308"), "Column a, row 4"),
    "text among numbers": (one("a", MARK), "row 4 of those compared is not"),
    "an infinite outcome": (one("y", "inf"), "Column y, row 4"),
    "text for an outcome": (one("y", MARK), "write the outcome as"),
    "no outcome at all": (text(y=[""] * N), "no row has both"),
    "everybody has the outcome": (text(y=["1"] * N), "the outcome is the same for everybody"),
    "nobody has it": (text(y=["0"] * N), "the outcome is the same for everybody"),
    "the outcome is the treatment": (text(y=GOOD["t"]), "the outcome is the same for everybody"),
    "a third treatment": (one("t", "2"), "Column t: write the treatment"),
    "half a treatment": (one("t", "0.5"), "Column t: write the treatment"),
    "a treatment in words": (one("t", MARK), "Column t: write the treatment"),
    "everybody is treated": (text(t=["1"] * N), "no comparison person"),
    "nobody is treated": (text(t=["0"] * N), "no treated person"),
    "one treated person": (text(t=["1"] + ["0"] * (N - 1)), "only one treated person"),
    "one comparison person": (text(t=["0"] + ["1"] * (N - 1)), "only one comparison person"),
    "everything constant": (text(a=["5"] * N, b=["1"] * N, s=["F"] * N), "every covariate is constant"),
    "an empty covariate": (text(a=[""] * N), "Column a: it holds no value"),
    "a covariate that is the treatment": (text(a=GOOD["t"]), "(separation)"),
    "no overlap": (text(a=[f"{100 * int(t) + k % 7}" for k, t in enumerate(GOOD["t"])]), "(separation)"),
    "one area for each side": (text(s=["north" if t == "1" else "south" for t in GOOD["t"]]), "(separation)"),
    "dates in the future": (text(s=[f"{2020 + 10 * (k % 2)}-01-01" for k in range(N)]), "60 dates lie in the future"),
    "the end of time": (one("s", "F").replace("F", "9999-12-31").replace("M", "2020-01-01"), "lie in the future"),
    "dates as text": (text(s=["31/12/2020", "01/01/2021"] * (N // 2)), "write its dates as"),
    "a date for an outcome": (text(y=["2020-01-01"] * N), "write the outcome as"),
    "a date for a treatment": (text(t=["2020-01-01"] * N), "write the treatment as"),
    "a column twice": (text().replace("t,y,a,b,s", "t,y,a,a,s", 1), "2 columns called a"),
    "the treatment twice": (text().replace("t,y,a,b,s", "t,t,a,b,s", 1), "2 columns called t"),
    "no header": (text(s=[MARK] * N).split("\n", 1)[1], "no column t"),
    "a header alone": ("t,y,a,b,s\n", "the table has no rows"),
    "an empty file": ("", "is empty"),
    "blanks": ("  \n \n", "is empty"),
    "a row too short": (text() + "1,0\n", "2 cells where the header has 5"),
    "an open quote": ('t,y,a,b,s\n"1,0,2\n', "is not closed"),
    "no text at all": ("\x00\x01\x02" * 40, "cannot be read"),
}  # fmt: skip

WARNED: dict[str, tuple[str, str]] = {
    "one area only": (text(s=["north"] * N), "The same for everybody"),
    "a constant covariate": (text(a=["5"] * N), "The same for everybody"),
    "a spread that is rounding": (text(a=["1000000000000000001", "1000000000000000002"] * (N // 2)), "The same for everybody"),
    "a value of the treated alone": (
        text(b=["1" if t == "1" and k % 2 else "0" for k, t in enumerate(GOOD["t"])]), "cannot be compared"),
    "a rare outcome": (text(y=["1"] * 3 + ["0"] * (N - 3)), "do not rely on the interval"),
    "unknown values": (text(a=["NaN", "NA", "null", "", *GOOD["a"][4:]]), ""),
    "one covariate twice over": (text(b=GOOD["a"]), ""),
    "a byte-order mark and long line ends": ("\ufeff" + text().replace("\n", "\r\n"), ""),
    "far from nought": (text(a=[f"{float(v) + 1e9}" for v in GOOD["a"]]), ""),
    "dates": (text(s=[f"2020-01-{1 + k % 28:02d}" for k in range(N)]), ""),
}  # fmt: skip

WORDS = ("--treatment", "t", "--outcome", "y", "--covariates", "a,b,s")


def clean(said: str) -> bool:
    return MARK not in said and "Traceback" not in said and "failed inside" not in said


@pytest.mark.parametrize("name", REFUSED)
def test_a_table_that_tells_nothing_gives_no_number(
    tally: Callable[..., Any], tmp_path: Path, name: str
) -> None:
    content, says = REFUSED[name]
    path = tmp_path / "table.csv"
    path.write_text(content, encoding="utf-8", newline="")
    for method in (
        ("radius", "cem") if says != "(separation)" else ("radius", "nearest", "kernel", "full", "overlap")
    ):
        run = tally("lab", "estimate", path, *WORDS, "--method", method)
        assert run.code == 2
        assert says in run.err
        assert clean(run.err + run.out)
        assert not run.out


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", WARNED)
def test_a_table_that_tells_little_says_so(
    tally: Callable[..., Any], tmp_path: Path, name: str, method: str
) -> None:
    content, says = WARNED[name]
    path = tmp_path / "table.csv"
    path.write_text(content, encoding="utf-8", newline="")
    run = tally("lab", "estimate", path, *WORDS, "--method", method, "--json")
    assert clean(run.err + run.out)
    if run.code == 2:  # entropy balancing has no weights for a value of the treated alone
        assert "No estimate can be given" in run.out
        return
    assert run.code == 0
    found = json.loads(run.out, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))
    assert found["standard_error"] > 0
    assert all(
        math.isfinite(found[key]) for key in ("estimate", "ci_low", "ci_high", "p_value", "ess_comparison")
    )
    assert not says or any(says in note for note in found["notes"])


@pytest.mark.parametrize("method", ["cem", "entropy"])
def test_no_overlap_by_methods_without_a_propensity(
    tally: Callable[..., Any], tmp_path: Path, method: str
) -> None:
    path = tmp_path / "table.csv"
    path.write_text(REFUSED["no overlap"][0], encoding="utf-8")
    run = tally("lab", "estimate", path, *WORDS, "--method", method)
    assert (run.code, run.out) == (2, "")
    assert "no overlap" in run.err


@pytest.mark.parametrize(
    "words",
    [
        ("--covariates", "a,zz"), ("--covariates", ""), ("--covariates", ",,"), ("--covariates", "a,t"), ("--covariates", "y"),
        ("--covariates", "a,a"), ("--exact", "zz"), ("--exact", "t"), ("--calliper", "0"), ("--calliper", "-1"), ("--calliper", "nan"),
        ("--calliper", "wide"), ("--ratio", "0"), ("--ratio", "1000000000"), ("--method", "magic"), ("--distance", "far"),
        ("--outcome", "t"), ("--treatment", "zz"), ("--subgroups", "b"), ("--subgroups", "zz"), ("--time", "s"), ("--time", "b"),
        ("--time", "a"), ("--link-probability", "b"), ("--link-probability", "s"), ("--secondary", "s"), ("--secondary", "zz"),
        ("--negative-control", "s"), ("--negative-control", "t"),
    ],
)  # fmt: skip
def test_words_that_mean_nothing(tally: Callable[..., Any], tmp_path: Path, words: tuple[str, str]) -> None:
    path = tmp_path / "table.csv"
    path.write_text(text(), encoding="utf-8")
    run = tally("lab", "estimate", path, *WORDS[:4], "--covariates", "a", "--method", "nearest", *words)
    assert (run.code, run.out) == (2, "")
    assert clean(run.err)


def test_files_that_are_none(tally: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_text("PAR1" + text(), encoding="utf-8")
    (tmp_path / "latin.csv").write_bytes(text(s=["café\x81", "bar"] * (N // 2)).encode("latin-1"))
    lists = pa.table(
        {"t": [1, 0] * 60, "y": [0.0, 1] * 60, "a": [[1, 2], [3]] * 60, "b": range(N), "s": ["x"] * N}
    )
    parquet.write_table(lists, tmp_path / "lists.parquet")
    for path in (tmp_path, tmp_path / "absent.csv", *tmp_path.iterdir()):
        run = tally("lab", "estimate", path, *WORDS)
        assert (run.code, run.out) == (2, "")
        assert clean(run.err)


def test_a_name_that_is_nearly_right_is_proposed(tally: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text(text().replace("t,y,a,b,s", "t,y,age,b,s", 1), encoding="utf-8")
    run = tally("lab", "estimate", path, *WORDS[:4], "--covariates", "agee")
    assert run.code == 2
    assert "Did you mean age?" in run.err


def test_strata_without_a_comparison_person(tally: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text(text(s=["north" if t == "1" else "south" for t in GOOD["t"]]), encoding="utf-8")
    run = tally("lab", "estimate", path, *WORDS[:4], "--covariates", "a,b", "--exact", "s")
    assert (run.code, run.out) == (2, "")
    assert "no overlap" in run.err
