"""Is it on a dashboard already? The catalogue of sources, searched before anybody is asked (requirements 23, 297 and 298).

The guidance's Annex 3, what owners registered, and what the board's own pack holds. A request that one of them answers ends there: the
ledger keeps by which.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tallystick.errors import BadInput
from tallystick.governance import registers
from tallystick.governance.cases import EMPTY
from tallystick.governance.journal import Journal
from tallystick.governance.tables.questions import rows
from tallystick.ledger import digest
from tallystick.share.acts import Clock
from tallystick.share.pack import is_board
from tallystick.share.returns import measures_of
from tallystick.share.rooms import Share, locked

PASSED_OVER = frozenset([
    "about", "all", "and", "any", "are", "as", "at", "by", "can", "data", "do", "each", "figure", "figures", "find", "for",
    "from", "get", "give", "has", "have", "how", "in", "is", "it", "its", "latest", "many", "me", "month", "monthly", "need", "number", "numbers",
    "of", "on", "or", "our", "over", "per",
    "please", "rate", "rates", "request", "see", "show", "statistics", "such", "that", "the", "their", "them", "there", "they", "this", "to", "up",
    "was", "we", "what", "which", "with", "year", "yearly",
])  # fmt: skip
SAME = {
    "backlog": "outstanding", "open": "outstanding", "caseload": "outstanding", "woman": "women", "female": "women", "ethnic": "ethnicity",
    "race": "ethnicity", "racial": "ethnicity", "child": "children", "young": "children", "youth": "children", "juvenile": "children",
    "speed": "timeliness", "delay": "timeliness", "wait": "timeliness", "day": "timeliness", "time": "timeliness", "finalised": "disposal",
    "completed": "disposal", "received": "receipt",
}  # fmt: skip
ENOUGH = 0.6
"""The share of a request's words that a source must cover to be named as one that may answer it."""


@dataclass(frozen=True)
class Source:
    """One source: what it is, whose, how often it comes out, how to get it, and whether it may be passed on."""

    id: str
    title: str
    owner: str
    frequency: str
    access_route: str
    publication: str
    note: str
    covers: str

    @property
    def is_barred(self) -> bool:
        """Whether it must not be passed on or published."""
        return self.publication == "internal-only"


@dataclass(frozen=True)
class Found:
    """A source that may answer a request, the share of its words that it covers, and those that it does not."""

    source: Source
    covered: float
    lacking: tuple[str, ...]


def sources(share: Share | None, now: datetime) -> tuple[Source, ...]:
    """Return every source: Annex 3's, and with a share what is registered in it and what its own pack holds."""
    registry = Journal(share.root).registry() if share else EMPTY
    covers = {row["id"]: row["covers"] for row in rows("catalogue.csv")}
    listed = registers.catalogue(registry, now)
    names = [column.name for column in listed.columns]
    made = []
    for row in listed.rows:
        said = dict(zip(names, (str(cell) for cell in row), strict=True))
        made.append(Source(
            said["id"], said["title"], said["owner"], said["frequency"], said["access_route"], said["publication"], said["quality"],
            covers.get(said["id"], ""),
        ))  # fmt: skip
    own = measures_of(share).measures if share and is_board(share) else ()
    return (*made, *(
        Source(f"pack/{each.id}", each.title, each.agency, "as the pack", "The board's own pack: `tally pack look`", "", each.definition, each.source)
        for each in own
    ))  # fmt: skip


def words_of(text: str) -> tuple[str, ...]:
    """Return a text's words that carry meaning, in one form each.

    >>> words_of("How many open cases are there in the Crown Court?")
    ('outstanding', 'case', 'crown', 'court')
    """
    plain = (word.removesuffix("s") for word in re.findall(r"[a-z]+", text.lower()) if word not in PASSED_OVER and len(word) > 1)  # fmt: skip
    return tuple(dict.fromkeys(SAME.get(word, word) for word in plain if word not in PASSED_OVER))


def search(text: str, listed: Iterable[Source]) -> tuple[Found, ...]:
    """Return the sources that cover most of a request's words, the best first. Raises BadInput for a request of no words."""
    asked = words_of(text)
    if not asked:
        raise BadInput(
            "Say what is needed in words, such as: tally pack catalogue 'open cases in the Crown Court'."
        )
    found = []
    for source in listed:
        title, rest = words_of(source.title), words_of(f"{source.covers} {source.note} {source.owner}")
        lacking = tuple(word for word in asked if not any(alike(word, other) for other in (*title, *rest)))
        covered = 1 - len(lacking) / len(asked)
        in_title = sum(any(alike(word, other) for other in title) for word in asked) / len(asked)
        if covered >= ENOUGH:
            found.append((covered, in_title, Found(source, covered, lacking)))
    found.sort(key=lambda each: (-each[0], -each[1], each[2].source.is_barred, each[2].source.id))
    return tuple(each for _, _, each in found)


def alike(word: str, other: str) -> bool:
    """Whether two words are forms of one: the same for their first five letters, or all of a shorter one."""
    return word == other or (min(len(word), len(other)) >= 5 and word[:5] == other[:5])


def answered(share: Share, text: str, source_id: str, *, clock: Clock) -> Source:
    """Return the source that answers a request, and enter in the ledger that the request ended there.

    The ledger keeps the source and the request's hash, not its words. Raises BadInput for a source that is not in the catalogue.
    """
    known = {source.id: source for source in sources(share, clock.now)}
    if source_id not in known:
        raise BadInput(
            f"There is no source {source_id!r} in the catalogue. `tally pack catalogue` lists them."
        )
    with locked(share):
        event = f"answered/{source_id}/{digest(text.encode())[7:23]}"
        share.ledger.append(
            "answered-by-catalogue", source_id, {"request": digest(text.encode())}, actor=clock.actor, at=clock.now, event_id=event
        )  # fmt: skip
    return known[source_id]
