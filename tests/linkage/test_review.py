"""The clerical review as a state machine: two look, a third settles, nobody judges twice, undo takes back one's own."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tallystick.errors import BadInput
from tallystick.linkage import review
from tallystick.linkage.review import Event, State

NOW = "2026-11-21T08:00:00+00:00"


def judged(state: State, *answers: tuple[int, str, str]) -> State:
    """Return the state after (pair, reviewer, answer) in order."""
    for pair, reviewer, answer in answers:
        state = review.evolve(state, review.answered(state, pair, reviewer, answer, NOW))
    return state


@pytest.mark.parametrize(
    ("answers", "stands"),
    [
        (["yes"], None),
        (["yes", "yes"], "yes"),
        (["no", "no"], "no"),
        (["yes", "no"], None),
        (["yes", "no", "no"], "no"),
        (["yes", "no", "unsure"], "unsure"),
        (["yes", "unsure"], None),
        (["yes", "unsure", "yes"], "yes"),
        (["unsure", "unsure"], None),
        (["unsure", "unsure", "yes"], "unsure"),
    ],
)
def test_what_stands_for_a_pair(answers: list[str], stands: str | None) -> None:
    state = judged(State(1), *[(0, f"r{n}", answer) for n, answer in enumerate(answers)])
    assert review.outcome(state, 0) == stands


def test_one_look_is_enough_where_one_was_asked() -> None:
    assert review.outcome(judged(State(1, looks=1), (0, "a", "yes")), 0) == "yes"


def test_a_reviewer_judges_a_pair_once_and_a_closed_pair_takes_no_more() -> None:
    state = judged(State(1), (0, "a", "yes"))
    with pytest.raises(BadInput, match="already"):
        review.answered(state, 0, "a", "no", NOW)
    state = judged(state, (0, "b", "yes"))
    with pytest.raises(BadInput, match="enough"):
        review.answered(state, 0, "c", "no", NOW)
    with pytest.raises(BadInput, match="no answer"):
        review.answered(State(1), 0, "a", "maybe", NOW)
    with pytest.raises(BadInput, match="no pair 9"):
        review.answered(State(1), 8, "a", "yes", NOW)


def test_undo_takes_back_the_last_answer_unless_a_third_used_it() -> None:
    state = judged(State(2), (0, "a", "yes"), (1, "a", "no"))
    event = review.undone(state, "a", NOW)
    assert (event.pair, event.answer) == (1, None)
    state = review.evolve(state, event)
    assert review.left_for(state, "a") == 1
    state = judged(state, (0, "b", "no"), (0, "c", "no"))
    with pytest.raises(BadInput, match="third"):
        review.undone(state, "a", NOW)
    with pytest.raises(BadInput, match="nothing"):
        review.undone(state, "z", NOW)


def test_disputed_pairs_come_first_for_a_third() -> None:
    state = judged(State(30), (17, "a", "yes"), (17, "b", "no"))
    assert review.next_pair(state, "c") == 17
    assert review.next_pair(state, "a") != 17
    assert review.next_pair(State(30), "a") is not None
    orders = {review.next_pair(State(30), reviewer) for reviewer in "abcdef"}
    assert len(orders) > 1


def test_kappa_of_a_known_table() -> None:
    """Altman (1991)'s kind of table: 40 and 55 agree, 3 and 2 do not."""
    answers = [("yes", "yes")] * 40 + [("yes", "no")] * 3 + [("no", "yes")] * 2 + [("no", "no")] * 55
    state = judged(
        State(100),
        *[(n, who, pair[side]) for n, pair in enumerate(answers) for side, who in enumerate("ab")],
    )
    (found,) = review.agreements(state)
    assert (found.pairs, found.share) == (100, 0.95)
    chance = (43 * 42 + 57 * 58) / 100**2
    assert found.kappa == pytest.approx((0.95 - chance) / (1 - chance))
    assert found.low < found.kappa < found.high <= 1


def test_one_answer_throughout_has_no_kappa() -> None:
    (found,) = review.agreements(judged(State(1), (0, "a", "yes"), (0, "b", "yes")))
    assert found.share == 1
    assert np.isnan(found.kappa)


def test_counts_by_stratum_and_what_hangs_on_the_unsettled() -> None:
    state = judged(State(4, looks=1), (0, "a", "yes"), (1, "a", "unsure"), (2, "a", "no"), (3, "a", "yes"))

    def of(unsure: str) -> tuple[list[int], list[int]]:
        made = review.counted(state, [0, 0, 1, 1], [50, 90], [2, 10], [True, False], unsure=unsure)  # type: ignore[arg-type]
        return made.reviewed.tolist(), made.true.tolist()

    assert of("left out") == ([1, 10], [1, 1])
    assert of("yes") == ([2, 10], [2, 1])
    assert of("no") == ([2, 10], [1, 1])


def test_an_unfinished_review_is_not_counted() -> None:
    with pytest.raises(BadInput, match="not finished"):
        review.counted(State(1), [0], [5], [1], [True])


class Reviewing(RuleBasedStateMachine):
    """Five people judge in any order and take back; the fold of the events is the state, and everybody can finish."""

    def __init__(self) -> None:
        super().__init__()
        self.state = State(6)
        self.events: list[Event] = []

    def _do(self, make: Callable[[], Event]) -> None:
        try:
            event = make()
        except BadInput:
            return
        self.events.append(event)
        self.state = review.evolve(self.state, event)

    @rule(reviewer=st.sampled_from("abcde"), answer=st.sampled_from(review.ANSWERS))
    def answers(self, reviewer: str, answer: str) -> None:
        pair = review.next_pair(self.state, reviewer)
        if pair is not None:
            self._do(lambda: review.answered(self.state, pair, reviewer, answer, NOW))

    @rule(reviewer=st.sampled_from("abcde"))
    def takes_back(self, reviewer: str) -> None:
        self._do(lambda: review.undone(self.state, reviewer, NOW))

    @invariant()
    def the_journal_is_the_state(self) -> None:
        again = review.folded(6, 2, self.events)
        assert {k: v for k, v in again.answers.items() if v} == {
            k: v for k, v in self.state.answers.items() if v
        }
        assert {k: v for k, v in again.done.items() if v} == {k: v for k, v in self.state.done.items() if v}

    @invariant()
    def no_pair_has_more_than_three(self) -> None:
        assert all(len(given) <= 3 for given in self.state.answers.values())

    @invariant()
    def what_is_open_can_be_judged_by_someone(self) -> None:
        if not review.is_finished(self.state):
            assert any(review.next_pair(self.state, reviewer) is not None for reviewer in "abcde")


TestReviewing = Reviewing.TestCase
TestReviewing.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)


def test_kappa_where_one_reviewer_gave_a_single_answer_has_no_interval() -> None:
    state = State(60)
    for pair in range(60):
        state = judged(state, (pair, "ann", "yes"), (pair, "bob", "no" if pair % 20 == 0 else "yes"))
    (found,) = review.agreements(state)
    assert found.kappa == pytest.approx(0)
    assert np.isnan(found.low)
    assert np.isnan(found.high)
