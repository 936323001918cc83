"""A learner register of national size: how many learners a second are found, and how many numbers issued.

    python benchmarks/bench_register.py [--learners 5000000] [--asked 2000]

Eight cohorts of England are about five million. People are drawn with names as unevenly common as real ones; those asked for are learners
as they stand ("exact"), learners with a slip in the surname and a move ("possible"), and strangers. Issuing is timed as a batch in one act
(each searched first) and as acts of one, each with its entry in the ledger and its sync to disk. Splink and the like have no register.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from tallystick.ledger import Ledger
from tallystick.linkage.register import Answer, Person
from tallystick.share.acts import Clock
from tallystick.share.learners import TABLES, Learners, opened

FIRSTS, LASTS, HOMES = 3_000, 60_000, 1_700_000
CLOCK = Clock("benchmark", datetime(2026, 11, 21, tzinfo=UTC))


def word(number: int) -> str:
    """Return a made-up name, another for each number."""
    vowels, consonants = "aeiou", "bcdfghjklmnprstvwz"
    text = ""
    while number or len(text) < 4:
        number, digit = divmod(number, 90)
        text += consonants[digit % 18] + vowels[digit // 18]
    return text


def people(count: int, seed: int) -> Iterator[Person]:
    """Yield people in standard form; the commonest first name has about two in a hundred, the commonest surname about one."""
    draw = np.random.default_rng(seed)
    weights = [1 / (np.arange(n) + 6.0) for n in (FIRSTS, LASTS)]
    firsts, lasts = ([word(start + n) for n in range(size)] for start, size in ((100, FIRSTS), (4000, LASTS)))
    for start in range(0, count, 100_000):
        size = min(100_000, count - start)
        first, last = (draw.choice(len(w), size, p=w / w.sum()) for w in weights)
        days = np.datetime64("1997-09-01") + draw.integers(0, 365 * 14, size)
        dob = np.char.replace(np.datetime_as_string(days.astype("datetime64[D]")), "-", "")
        home = draw.integers(0, HOMES, size)
        sex = draw.integers(0, 2, size)
        for f, s, d, g, h in zip(first, last, dob, sex, home, strict=True):
            yield Person(
                firsts[f], firsts[f], lasts[s], str(d), ("female", "male")[g], f"LS{h // 1000} {h % 1000:03d}"
            )


def filled(path: Path, learners: int) -> None:
    """Write a register of that many learners: rows first, indices after."""
    connection = sqlite3.connect(path, isolation_level=None)
    tables = [statement for statement in TABLES.split(";") if statement.strip().startswith("create table")]
    connection.executescript(";".join(tables))
    connection.execute("pragma synchronous = off")
    connection.execute("begin")
    numbers = [f"{1_000_000_000 + 11 * n}" for n in range(learners)]
    connection.executemany("insert into learners (uln, state) values (?, 'live')", ((n,) for n in numbers))
    connection.executemany(
        "insert into details (uln, first_name, first_root, surname, dob, gender, postcode, is_current) values (?, ?, ?, ?, ?, ?, ?, 1)",
        (
            (n, p.first_name, p.first_root, p.surname, p.dob, p.gender, p.postcode)
            for n, p in zip(numbers, people(learners, 1), strict=True)
        ),
    )
    connection.execute("commit")
    connection.close()


def slipped(one: Person) -> Person:
    """Return the person with the last letter of the surname wrong, at another home."""
    return Person(one.first_name, one.first_root, one.surname[:-1] + "x", one.dob, one.gender, "YO1 7HH")


def timed(register: Learners, asked: list[Person]) -> dict[str, object]:
    """Return searches a second, the slowest in milliseconds, and the answers."""
    taken, answers = [], []
    for one in asked:
        start = time.perf_counter()
        answers.append(register.find(one))
        taken.append(time.perf_counter() - start)
    kinds = Counter(answer.kind for answer in answers)
    return {
        "a_second": round(len(taken) / sum(taken)),
        "median_ms": round(1000 * statistics.median(taken), 3),
        "slowest_ms": round(1000 * max(taken), 1),
        "answers": dict(kinds),
    }


def issued(register: Learners, asked: list[Person], *, at_once: bool) -> float:
    """Return how many of ``asked`` a second are searched and, where nobody is found, given a number."""

    def one(person: Person, doing: object) -> Answer:
        answer = register.find(person)
        if answer.kind == "none":
            register.issue(person, os.urandom, doing)  # type: ignore[arg-type]
        return answer

    start = time.perf_counter()
    if at_once:
        with register.act("issue", "benchmark", CLOCK, "batch") as doing:
            for person in asked:
                one(person, doing)
    else:
        for number, person in enumerate(asked):
            with register.act("issue", "benchmark", CLOCK, f"one-{number}") as doing:
                one(person, doing)
    return len(asked) / (time.perf_counter() - start)


def main() -> None:
    """Print the figures, and write them to benchmarks/out/register.json."""
    args = argparse.ArgumentParser()
    args.add_argument("--learners", type=int, default=5_000_000)
    args.add_argument("--asked", type=int, default=2_000)
    given = args.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "learners.sqlite"
        start = time.perf_counter()
        filled(path, given.learners)
        known = [one for _, one in zip(range(given.asked), people(given.learners, 1), strict=False)]
        strangers = [one for _, one in zip(range(2 * given.asked), people(2 * given.asked, 99), strict=False)]
        with opened(
            path, Ledger(Path(folder) / "ledger.jsonl", Path(folder) / "ledger.head"), make=True
        ) as register:
            report = {
                "learners": given.learners,
                "gigabytes": round(path.stat().st_size / 1e9, 2),
                "made_in_seconds": round(time.perf_counter() - start),
                "find": {
                    "as they stand": timed(register, known),
                    "a slip and a move": timed(register, [slipped(one) for one in known]),
                    "strangers": timed(register, strangers[: given.asked]),
                },
                "issue": {
                    "a batch in one act, a second": round(
                        issued(register, strangers[given.asked :], at_once=True)
                    ),
                    "acts of one, a second": round(
                        issued(register, strangers[: given.asked // 10], at_once=False)
                    ),
                },
            }
    out = Path(__file__).parent / "out"
    out.mkdir(exist_ok=True)
    (out / "register.json").write_text(json.dumps(report, indent=2))
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
