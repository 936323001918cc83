"""A small share for the tests: two departments, plain names that carry a mark of their own, an agreement that is signed."""

from __future__ import annotations

import csv
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np

from tallystick.agreement import io, signing
from tallystick.agreement.schema import Agreement
from tallystick.share.acts import Clock

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "historical"
CLOCK = Clock("tester", datetime(2026, 11, 20, 9, tzinfo=UTC))
COLUMNS = ["record_id", "first_name", "surname", "dob", "gender", "postcode", "birth_place", "occupation"]
SYLLABLES = (
    "ba",
    "co",
    "di",
    "fe",
    "gu",
    "ha",
    "ji",
    "ko",
    "lu",
    "me",
    "ni",
    "po",
    "qua",
    "ro",
    "si",
    "tu",
    "ve",
    "wo",
    "xa",
    "zu",
)


def word(number: int, mark: str) -> str:
    """Return a name that is this number's own and can be searched for: ``mark`` and four syllables."""
    syllables = [SYLLABLES[number // 20**i % 20] for i in range(4)]
    return (mark + "".join(syllables)).capitalize()


def write_share(folder: Path, *, people: int = 400, seed: int = 7) -> Path:
    """Return a share whose supplies hold ``people`` in education and half of them, and others, in justice."""
    rng = np.random.default_rng(seed)
    (folder / "supplies").mkdir(parents=True)
    (folder / "truth").mkdir()
    (folder / "projects").mkdir()
    for source, members in (
        ("justice", rng.permutation(np.arange(people // 2, people + people // 2))),
        ("education", rng.permutation(np.arange(people))),
    ):
        with (
            (folder / "supplies" / f"{source}.csv").open("w", newline="") as supply,
            (folder / "truth" / f"{source}.csv").open("w", newline="") as truth,
        ):
            rows, truths = csv.writer(supply), csv.writer(truth)
            rows.writerow(COLUMNS)
            truths.writerow(["record_id", "person"])
            for n, person in enumerate(members):
                born = date(1911, 1, 1) + timedelta(days=int(person) * 7 % 3600)
                inward = f"{person // 90 % 9 + 1}{'ABDEFGHJLN'[person % 10]}{'PQRSTUWXYZ'[person // 10 % 10]}"
                rows.writerow(
                    [
                        f"{source}-{n}",
                        word(int(person), "mk"),
                        word(int(person) * 7919 % 160000, "sn"),
                        born.isoformat(),
                        "female" if person % 2 else "male",
                        f"ZQ{person % 90 + 1} {inward}",
                        word(int(person) * 104729 % 160000, "bp"),
                        ("clerk", "smith", "nurse", "sailor")[int(person) % 4],
                    ]
                )
                truths.writerow([f"{source}-{n}", f"P{person}"])
    for project in ("occupations", "trades"):
        text = (EXAMPLE / "projects" / "occupations.toml").read_text()
        (folder / "projects" / f"{project}.toml").write_text(
            text.replace('id = "occupations"', f'id = "{project}"')
        )
    io.dump(signed(io.load(EXAMPLE)), folder / "agreement.toml")
    return folder


def signed(agreement: Agreement) -> Agreement:
    """Return the agreement signed by each party's asset owner."""
    bare = agreement.model_copy(update={"signatures": ()})
    at = datetime(2026, 11, 3, 10, tzinfo=UTC)
    for party in bare.parties:
        bare = signing.sign(bare, party.name, "iao", party.officers["iao"], at)
    return bare
