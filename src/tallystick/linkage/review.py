"""The state of a clerical review: who judged which pair, what is left for whom, what was agreed, and how well people agree.

Every pair is judged by two people who do not see each other's answer, and by a third where the two differ or one could not tell
(`looks` 1 does without the second and the third). The state is a fold of events, so that a journal of them is all there is to keep.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Literal

import numpy as np

from tallystick.errors import BadInput
from tallystick.linkage.estimates import Counts

Answer = Literal["yes", "no", "unsure"]
ANSWERS: tuple[Answer, ...] = ("yes", "no", "unsure")


@dataclass(frozen=True)
class Event:
    """A reviewer's answer to a pair, or (``answer`` null) that the reviewer takes it back."""

    pair: int
    reviewer: str
    answer: Answer | None
    at: str


@dataclass(frozen=True)
class State:
    """The answers to each of ``pairs`` pairs in the order given, by reviewer; and what each reviewer did, in order."""

    pairs: int
    looks: int = 2
    answers: Mapping[int, Mapping[str, Answer]] = field(default_factory=dict)
    done: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Agreement:
    """How two reviewers agree on the pairs that both judged: the share, and Cohen's kappa (1960) with its 95 % interval.

    The interval is Fleiss, Cohen and Everitt's (1969); kappa is NaN where both gave one answer throughout,
    its interval where one of them did.
    """

    reviewers: tuple[str, str]
    pairs: int
    share: float
    kappa: float
    low: float
    high: float


def evolve(state: State, event: Event) -> State:
    """Return the state after an event."""
    given = dict(state.answers.get(event.pair, {}))
    mine = tuple(pair for pair in state.done.get(event.reviewer, ()) if pair != event.pair)
    if event.answer is None:
        given.pop(event.reviewer, None)
    else:
        given[event.reviewer] = event.answer
        mine = (*mine, event.pair)
    return replace(
        state, answers={**state.answers, event.pair: given}, done={**state.done, event.reviewer: mine}
    )


def folded(pairs: int, looks: int, events: Iterable[Event]) -> State:
    """Return the state after all events: the same as `evolve` on each, in time linear in their number."""
    answers: dict[int, dict[str, Answer]] = {}
    done: dict[str, dict[int, None]] = {}
    for event in events:
        mine, given = done.setdefault(event.reviewer, {}), answers.setdefault(event.pair, {})
        mine.pop(event.pair, None)
        if event.answer is None:
            given.pop(event.reviewer, None)
        else:
            given[event.reviewer] = event.answer
            mine[event.pair] = None
    return State(pairs, looks, dict(answers), {reviewer: tuple(mine) for reviewer, mine in done.items()})


def answered(state: State, pair: int, reviewer: str, answer: str, at: str) -> Event:
    """Return the event of an answer. Raises BadInput where it is none of yes, no, unsure, or the pair is not this reviewer's to judge."""
    if answer not in ANSWERS:
        raise BadInput(f"There is no answer {answer!r}. Say one of: {', '.join(ANSWERS)}.")
    if not 0 <= pair < state.pairs:
        raise BadInput(f"There is no pair {pair + 1}: the sample has {state.pairs}.")
    given = state.answers.get(pair, {})
    if reviewer in given:
        raise BadInput(f"You judged pair {pair + 1} already. Take that back first.")
    if not _is_open(state, pair):
        raise BadInput(f"Pair {pair + 1} is judged by enough people. Take the next one.")
    return Event(pair, reviewer, answer, at)


def undone(state: State, reviewer: str, at: str) -> Event:
    """Return the event that takes back the reviewer's last answer.

    Raises BadInput where there is none, or where a third has judged the pair since: the answer was used.
    """
    if not state.done.get(reviewer):
        raise BadInput("There is nothing of yours to take back.")
    pair = state.done[reviewer][-1]
    given = list(state.answers[pair])
    if len(given) > 2 and given.index(reviewer) < 2:
        raise BadInput(f"Pair {pair + 1} went to a third reviewer since: your answer stands.")
    return Event(pair, reviewer, None, at)


def next_pair(state: State, reviewer: str) -> int | None:
    """Return the pair that this reviewer should judge next, or null; each reviewer has an order of their own.

    Pairs that others disagree on come first, for only a third can close them; then those that someone judged already.
    """
    mine = [
        pair
        for pair in range(state.pairs)
        if reviewer not in state.answers.get(pair, {}) and _is_open(state, pair)
    ]
    if not mine:
        return None
    return min(mine, key=lambda pair: (-len(state.answers.get(pair, {})), _place(reviewer, pair)))


def left_for(state: State, reviewer: str) -> int:
    """Return how many pairs this reviewer could still judge."""
    return sum(
        reviewer not in state.answers.get(pair, {}) and _is_open(state, pair) for pair in range(state.pairs)
    )


def outcome(state: State, pair: int) -> Answer | None:
    """Return what stands for a pair: yes or no where people agree, unsure where even the third could not settle it, else null."""
    given = list(state.answers.get(pair, {}).values())
    if _is_open(state, pair):
        return None
    for answer in ANSWERS[:2]:
        if given.count(answer) > len(given) / 2:
            return answer
    return "unsure"


def outcomes(state: State) -> list[Answer | None]:
    """Return what stands for every pair."""
    return [outcome(state, pair) for pair in range(state.pairs)]


def is_finished(state: State) -> bool:
    """Return whether every pair has its outcome."""
    return all(not _is_open(state, pair) for pair in range(state.pairs))


def agreements(state: State) -> list[Agreement]:
    """Return how each two reviewers who judged pairs in common agree."""
    return [
        _agreement(state, (one, other))
        for one, other in combinations(sorted(state.done), 2)
        if any(one in given and other in given for given in state.answers.values())
    ]


def counted(
    state: State,
    stratum: Sequence[int],
    pairs: Sequence[int],
    drawn: Sequence[int],
    is_linked: Sequence[bool],
    *,
    unsure: Literal["left out", "yes", "no"] = "left out",
) -> Counts:
    """Return the outcomes by stratum, to estimate from.

    ``stratum`` is each pair's; ``pairs`` and ``drawn`` are each stratum's units and those drawn. Drawn units without a pair to
    judge are not matches. Pairs that nobody could settle count as not drawn, or as ``unsure`` says: do it all three ways and
    see what hangs on them. Raises BadInput while a pair is open.
    """
    if not is_finished(state):
        raise BadInput(
            "The review is not finished: some pairs are still open. `tally review --json` says how many."
        )
    found = outcomes(state)
    true, reviewed = np.zeros(len(pairs), dtype=np.int64), np.array(drawn, dtype=np.int64)
    for place, answer in zip(stratum, found, strict=True):
        if answer == "unsure" and unsure == "left out":
            reviewed[place] -= 1
        elif answer == "yes" or (answer == "unsure" and unsure == "yes"):
            true[place] += 1
    return Counts(np.array(pairs, dtype=np.int64), reviewed, true, np.array(is_linked, dtype=bool))


def _is_open(state: State, pair: int) -> bool:
    given = list(state.answers.get(pair, {}).values())
    if len(given) < state.looks:
        return True
    if state.looks == 1:
        return False
    return len(given) == 2 and (given[0] != given[1] or "unsure" in given)


def _place(reviewer: str, pair: int) -> bytes:
    return hashlib.sha256(f"{reviewer}/{pair}".encode()).digest()


def _agreement(state: State, reviewers: tuple[str, str]) -> Agreement:
    one, other = reviewers
    table = np.zeros((len(ANSWERS), len(ANSWERS)))
    for given in state.answers.values():
        if one in given and other in given:
            table[ANSWERS.index(given[one]), ANSWERS.index(given[other])] += 1
    used = (table.sum(0) > 0) | (table.sum(1) > 0)
    pairs, share = int(table.sum()), float(np.trace(table) / table.sum())
    table = table[np.ix_(used, used)]
    if len(table) < 2:
        return Agreement(reviewers, pairs, share, float("nan"), float("nan"), float("nan"))
    from statsmodels.stats.inter_rater import cohens_kappa

    # Where one of the two gave a single answer the variance is nought, and rounding makes it less.
    with np.errstate(invalid="ignore"):
        found = cohens_kappa(table)
    kappa, low, high = float(found.kappa), float(found.kappa_low), float(found.kappa_upp)
    if min((table.sum(0) > 0).sum(), (table.sum(1) > 0).sum()) < 2:
        return Agreement(reviewers, pairs, share, kappa, float("nan"), float("nan"))
    return Agreement(reviewers, pairs, share, kappa, low, min(high, 1.0))
