"""A search of the register brings up every learner who shares two of the strong fields and may be the one."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from random import Random

from tallystick.ledger import Ledger
from tallystick.linkage.register import Held, Person, answer
from tallystick.share.acts import Clock
from tallystick.share.learners import opened

CLOCK = Clock("analyst", datetime(2026, 11, 21, tzinfo=UTC))
FIRSTS = ("elizabeth", "liz", "e", "smith", "anna", "anne")
LASTS = ("smith", "smyth", "elizabeth", "jones", "anna")
DOBS = (
    "20050412",
    "20050413",
    "20050421",
    "20050142",
    "20054012",
    "20041204",
    "20060412",
    "20500412",
    "20051204",
    "19990101",
)


def somebody(draw: Random) -> Person:
    """Return a person of few names and days, so that every kind of nearness comes up."""
    first = draw.choice(FIRSTS)
    return Person(
        first,
        {"liz": "elizabeth"}.get(first, first),
        draw.choice(LASTS),
        draw.choice(DOBS),
        draw.choice([None, "female", "male"]),
        draw.choice([None, "LS14AB", "LS14AD", "YO17HH", *(f"SE{n}1AA" for n in range(1, 9))]),
    )


def shares_two(asked: Person, held: Person) -> bool:
    """Return whether two of name, surname, birth date and postcode are the same, or the names in each other's place and the date."""
    if (asked.first_name, asked.surname, asked.dob) == (held.surname, held.first_name, held.dob):
        return True
    names = ("first_root", "surname", "dob", "postcode")
    return sum(getattr(asked, n) is not None and getattr(asked, n) == getattr(held, n) for n in names) >= 2


def test_find_is_what_comparing_with_everybody_gives(tmp_path: Path) -> None:
    draw = Random(7)
    kinds = set()
    for size in (5, 30):
        held = [somebody(draw) for _ in range(size)]
        ledger = Ledger(tmp_path / f"{size}.jsonl", tmp_path / f"{size}.head")
        with opened(tmp_path / f"{size}.sqlite", ledger, make=True) as learners:
            with learners.act("issue", "school", CLOCK, "1") as doing:
                numbers = [learners.issue(one, draw.randbytes, doing) for one in held]
            everybody = [
                Held(uln, uln, one)
                for uln, one in sorted(zip(numbers, held, strict=True), key=lambda pair: pair[0])
            ]
            for asked in [*held, *(somebody(draw) for _ in range(400))]:
                found = learners.find(asked)
                assert found == answer(asked, (one for one in everybody if shares_two(asked, one.person)))
                kinds.add(found.kind)
    assert kinds >= {"exact", "possible", "none"}
