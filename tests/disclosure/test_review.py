"""The review's rules as a state machine under random commands, and one by one."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.disclosure.review import (
    OWNER,
    TRANSITIONS,
    Command,
    Narrowing,
    Review,
    decide,
    diagram,
    evolve,
    kept_back,
    seen_by,
)  # fmt: skip
from tallystick.errors import Refused

AT = datetime(2026, 3, 1, tzinfo=UTC)
FILES = {"t.csv": "sha256:1"}


def did(review: Review, act: str, by: str, **more: object) -> Review:
    return evolve(review, decide(review, Command(act, by, AT, **more)))  # type: ignore[arg-type]


def in_review() -> Review:
    review = did(Review("r", "author"), "submit", "author", files=FILES)
    for checker in ("one", "two"):
        review = did(review, "assign", "team", checker=checker)
    return review


def rules_of(review: Review, act: str, by: str, **more: object) -> set[str]:
    with pytest.raises(Refused) as raised:
        did(review, act, by, **more)
    return {found.rule for found in raised.value.findings}


def test_two_approvals_release() -> None:
    review = did(did(in_review(), "vote", "one", verdict="approve"), "vote", "two", verdict="approve")
    assert review.state == "approved"
    assert did(review, "release", "team").state == "released"


def test_the_author_never_checks_their_own() -> None:
    review = did(Review("r", "author"), "submit", "author", files=FILES)
    assert rules_of(review, "assign", "team", checker="author") == {"review.own-work"}
    assert "review.own-work" in rules_of(in_review(), "vote", "author", verdict="approve")
    approved = did(did(in_review(), "vote", "one", verdict="approve"), "vote", "two", verdict="approve")
    assert rules_of(approved, "release", "author") == {"review.own-work"}


def test_a_third_decides_when_two_differ_and_only_then() -> None:
    assert rules_of(in_review(), "assign", "team", checker="three") == {"review.enough"}
    review = did(
        did(in_review(), "vote", "one", verdict="approve"), "vote", "two", verdict="reject", comment="cell"
    )
    assert review.state == "split"
    review = did(review, "assign", "team", checker="three")
    assert did(review, "vote", "three", verdict="approve").state == "approved"


def test_a_request_for_change_has_a_comment() -> None:
    assert rules_of(in_review(), "vote", "one", verdict="change") == {"review.comment"}


def test_nobody_votes_twice_or_unasked() -> None:
    review = did(in_review(), "vote", "one", verdict="approve")
    assert rules_of(review, "vote", "one", verdict="approve") == {"review.once"}
    assert rules_of(review, "vote", "passer-by", verdict="approve") == {"review.assigned"}


def test_a_changed_file_loses_its_votes_even_after_approval() -> None:
    review = did(did(in_review(), "vote", "one", verdict="approve"), "vote", "two", verdict="approve")
    review = did(review, "change", "author", files={"t.csv": "sha256:2"})
    assert review.state == "submitted"
    assert not review.votes
    assert rules_of(in_review(), "vote", "one", verdict="approve", files={"t.csv": "sha256:9"}) == {
        "review.changed"
    }


def test_a_checker_sees_no_other_vote_before_all_are_cast() -> None:
    review = did(in_review(), "vote", "one", verdict="approve", comment="fine")
    assert seen_by(review, "two").votes == ()
    assert seen_by(review, "author").votes == ()
    assert len(seen_by(review, "one").votes) == 1
    assert len(seen_by(did(review, "vote", "two", verdict="approve"), "author").votes) == 2


def test_what_is_kept_back_is_the_narrowest_of_the_approvals() -> None:
    cell = (Narrowing("t.csv", ("region=North",)),)
    review = did(
        did(in_review(), "vote", "one", verdict="approve", narrowed=cell), "vote", "two", verdict="approve"
    )
    assert kept_back(review) == cell
    assert rules_of(in_review(), "vote", "one", verdict="approve", narrowed=(Narrowing("x", ("y",)),)) == {
        "review.files"
    }


commands = st.builds(
    Command,
    act=st.sampled_from(["submit", "assign", "vote", "change", "release", "withdraw"]),
    by=st.sampled_from(["author", "one", "two", "three", "team"]),
    at=st.just(AT),
    files=st.sampled_from([{}, FILES, {"t.csv": "sha256:2"}]),
    checker=st.sampled_from(["", "author", "one", "two", "three"]),
    verdict=st.sampled_from([None, "approve", "change", "reject"]),
    comment=st.sampled_from(["", "why"]),
)


@given(st.lists(commands, max_size=40))
def test_no_run_of_commands_breaks_the_rules(run: list[Command]) -> None:
    review = Review("r", "author")
    for command in run:
        try:
            event = decide(review, command)
        except Refused:
            continue
        after = evolve(review, event)
        assert after.state in TRANSITIONS[review.state][command.act]
        assert "author" not in after.checkers
        assert len({vote.checker for vote in after.votes}) == len(after.votes)
        assert all(dict(vote.files) == dict(after.files) for vote in after.votes)
        if after.state == "approved":
            assert sum(vote.verdict == "approve" for vote in after.votes) >= 2
        if after.state == "released":
            assert review.state == "approved"
        review = after


def test_the_documented_diagram_is_the_one_of_the_code() -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "disclosure.md"
    assert diagram() in page.read_text(encoding="utf-8")
    assert set(OWNER) == set(TRANSITIONS)
