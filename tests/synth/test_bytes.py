"""A seed gives the same bytes: pinned here, whatever the number of threads, the order of blocks or the version of NumPy.

The draws are integers of SplitMix64 and IEEE additions, products and quotients, each rounded exactly; nothing is taken from NumPy's own
generators, nor from a logarithm or a sum whose order may vary. The hashes were found alike with NumPy 2.0.2 and 2.4.6, and with its
vector instructions switched off.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tallystick import synth
from tallystick.synth.observe import identity
from tallystick.synth.people import BLOCK, block

PINNED = {
    "moj-dfe": "d636a87ee8e9e9eebd33d7c77989e48ba5108774f1e3012d0e630a6f8da6049f",
    "data-first": "ecb0ad908335f5ebab9b886456b10f9cb5a9f61824509bb4e7e1f15e25876da7",
    "learner-register": "7698f42551981d97a02cbbb1c10c8871c7827085441e7c4b830d35fe7c88b148",
    "justice-data-lab": "30da06894e8395758cec519fd74e1717f5566b35e73d503e55e0dc398c2c897f",
    "national": "59ad4971ef97ac5b668f453f16db58a5efa11f9597cfdb6c1eda35ab57b0a7a1",
}


@pytest.fixture
def threads() -> Iterator[None]:
    before = pa.cpu_count()
    yield
    pa.set_cpu_count(before)


def digest(folder: Path) -> str:
    """Return the hash of every supply and every truth: of a CSV file's bytes, of a Parquet file's rows."""
    whole = hashlib.sha256()
    for path in sorted([*folder.glob("supplies/*"), *folder.glob("truth/**/*")]):
        if path.is_file():
            rows = (
                repr(pq.read_table(path).to_pylist()).encode()
                if path.suffix == ".parquet"
                else path.read_bytes()
            )
            whole.update(path.relative_to(folder).as_posix().encode() + rows)
    return whole.hexdigest()


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_every_preset_of_people_is_pinned(tmp_path: Path) -> None:
    made = {}
    for preset in PINNED:
        synth.write(preset, tmp_path / preset, people=200, seed=2)
        made[preset] = digest(tmp_path / preset)
    assert made == PINNED


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_seed_gives_the_same_bytes_with_any_number_of_threads(
    form: Literal["csv", "parquet"], threads: None, tmp_path: Path
) -> None:
    for count in (1, 2, 7):
        pa.set_cpu_count(count)
        synth.write("national", tmp_path / str(count), people=300, seed=2, form=form)
    assert files(tmp_path / "1") == files(tmp_path / "2") == files(tmp_path / "7")


@pytest.mark.parametrize("preset", list(synth.PRESETS))
def test_a_seed_gives_the_same_bytes_twice(preset: str, tmp_path: Path) -> None:
    for turn in ("a", "b"):
        synth.write(preset, tmp_path / turn, people=150, seed=8)
    assert files(tmp_path / "a") == files(tmp_path / "b")


def test_another_seed_gives_others(tmp_path: Path) -> None:
    for seed in (2, 3):
        synth.write("moj-dfe", tmp_path / str(seed), people=200, seed=seed)
    assert digest(tmp_path / "2") != digest(tmp_path / "3")


def test_a_block_is_the_same_made_alone_last_or_first() -> None:
    rows = np.arange(1000)
    later = block(7, 2, 1000)
    block(7, 0, 1000)
    again = block(7, 2, 1000)
    days = np.full(1000, 20_000)
    for field, values in identity(later, rows, days).items():
        assert values.tolist() == identity(again, rows, days)[field].tolist()
    assert later.id[0] == 2 * BLOCK


@pytest.mark.slow
def test_a_share_of_several_blocks_is_the_same_twice_and_no_person_is_twice(
    threads: None, tmp_path: Path
) -> None:
    for count in (1, 2):
        pa.set_cpu_count(count)
        synth.write("moj-dfe", tmp_path / str(count), people=60_000, seed=2, form="parquet")
    assert files(tmp_path / "1") == files(tmp_path / "2")
    persons = (tmp_path / "1" / "truth" / "education.csv").read_text().splitlines()[1:]
    assert len({line.split(",")[1] for line in persons}) == 60_000
    assert len({line.split(",")[0] for line in persons}) == len(persons)
