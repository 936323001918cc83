"""A share's clerical review: drawn once, judged by people who cannot see each other's answers, killed and resumed, closed."""

from __future__ import annotations

import csv
import io as streams
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tallystick.agreement import io
from tallystick.errors import BadInput
from tallystick.linkage import overrides
from tallystick.share import acts, destroy, link, review
from tallystick.share.audit import audit
from tallystick.share.rooms import Share, open_share
from tallystick.share.run import run
from worlds import CLOCK, write_share

ID = "supply_key"


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A share of 80 people that is linked, with a sample of 24 pairs drawn."""
    folder = write_share(tmp_path_factory.mktemp("review") / "s", people=80)
    share = open_share(folder)
    run(share, clock=CLOCK, until="link")
    review.draw(share, io.load(share.agreement), clock=CLOCK, pairs=24)
    return folder


@pytest.fixture
def share(drawn: Path, tmp_path: Path) -> Share:
    shutil.copytree(drawn, tmp_path / "s")
    return open_share(tmp_path / "s")


def truths(share: Share) -> list[str]:
    """Return the right answer to each pair of the sample."""
    people: dict[tuple[str, str], str] = {}
    for source in ("justice", "education"):
        keys = pq.read_table(share.supplier(source) / "keys.parquet").to_pylist()
        known = {
            row["record_id"]: row["person"]
            for row in csv.DictReader((share.truth / f"{source}.csv").read_text().splitlines())
        }
        people |= {(source, row[ID]): known[row["record_id"]] for row in keys}
    return [
        "yes" if people[row["source_l"], row[f"{ID}_l"]] == people[row["source_r"], row[f"{ID}_r"]] else "no"
        for row in pq.read_table(share.linker / "review" / "sample.parquet").to_pylist()
    ]


def judge_all(share: Share, *reviewers: str) -> None:
    right = truths(share)
    for reviewer in reviewers:
        for pair, answer in enumerate(right):
            review.judge(share, pair, answer, clock=replace(CLOCK, actor=reviewer))


def test_draw_once_and_no_identifier_in_what_it_keeps(share: Share) -> None:
    before = (share.linker / "review" / "sample.parquet").read_bytes()
    review.draw(share, io.load(share.agreement), clock=CLOCK, pairs=9, seed=5)
    assert (share.linker / "review" / "sample.parquet").read_bytes() == before
    assert pq.read_table(share.linker / "review" / "sample.parquet").column_names == [
        "source_l", "supply_key_l", "source_r", "supply_key_r", "match_weight", "match_probability",
        "is_linked", "stratum", "rules",
    ]  # fmt: skip
    assert audit(share).findings == ()


def test_two_agree_close_and_the_share_goes_on(share: Share) -> None:
    agreement = io.load(share.agreement)
    judge_all(share, "ann", "bob")
    assert audit(share).findings == ()  # the journal grows, and is no stranger
    found = review.close(share, agreement, clock=CLOCK)
    assert found["precision"]["value"] == 1
    assert found["precision"]["low"] > 0.6
    assert found["agreement"][0]["share"] == 1
    decided = overrides.read(share.linker / "review" / "decisions.csv")
    right = truths(share)
    assert (len(decided.always), len(decided.never)) == (right.count("yes"), right.count("no"))
    assert review.close(share, agreement, clock=CLOCK) == json.loads(json.dumps(found))
    with pytest.raises(BadInput, match="closed"):
        review.judge(share, 0, "no", clock=replace(CLOCK, actor="late"))
    done = run(share, clock=CLOCK)
    assert done.report
    assert audit(share).findings == ()
    assert not list(share.root.rglob("*.age"))


def test_a_decision_against_the_model_stands(share: Share) -> None:
    sample = pq.read_table(share.linker / "review" / "sample.parquet").to_pylist()
    wrong = next(n for n, row in enumerate(sample) if row["is_linked"])
    for reviewer in ("ann", "bob"):
        for pair, answer in enumerate(truths(share)):
            told = "no" if pair == wrong else answer
            review.judge(share, pair, told, clock=replace(CLOCK, actor=reviewer))
    review.close(share, io.load(share.agreement), clock=CLOCK)
    persons = {
        (row["source"], row[ID]): row["person_id"]
        for row in pq.read_table(share.linker / "persons.parquet").to_pylist()
    }
    row = sample[wrong]
    assert persons[row["source_l"], row[f"{ID}_l"]] != persons[row["source_r"], row[f"{ID}_r"]]


def test_an_unfinished_review_does_not_close(share: Share) -> None:
    review.judge(share, 0, "yes", clock=CLOCK)
    with pytest.raises(BadInput, match="not finished"):
        review.close(share, io.load(share.agreement), clock=CLOCK)
    assert not acts.is_done(share, review.CLOSED)


def test_a_torn_line_never_was_and_the_next_answer_follows_it(share: Share) -> None:
    review.judge(share, 0, "yes", clock=CLOCK)
    with (share.root / review.JOURNAL).open("ab") as journal:
        journal.write(b'{"pair": 1, "revie')
    assert list(review.state(share).answers) == [0]
    review.judge(share, 2, "no", clock=CLOCK)
    assert sorted(review.state(share).answers) == [0, 2]
    with (share.root / review.JOURNAL).open("ab") as journal:
        journal.write(b"nonsense\n")
    with pytest.raises(BadInput, match="line 3"):
        review.state(share)


KILLED = """
import os, sys
sys.path.insert(0, sys.argv[2])
from dataclasses import replace
from pathlib import Path
from worlds import CLOCK
from tallystick.share import answers, review
from tallystick.share.rooms import open_share
share = open_share(Path(sys.argv[1]))
for pair in range(5):
    review.judge(share, pair, "yes", clock=replace(CLOCK, actor="ann"))
os.kill(os.getpid(), 9)
"""


def test_nothing_is_lost_when_killed(share: Share) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", KILLED, str(share.root), str(Path(__file__).parents[1])], check=False
    )
    assert ran.returncode == -9
    assert list(review.state(share).done["ann"]) == [0, 1, 2, 3, 4]
    review.judge(share, 5, "yes", clock=replace(CLOCK, actor="ann"))


def test_identifiers_that_are_gone_say_what_to_agree(share: Share) -> None:
    agreement = io.load(share.agreement)
    destroy.destroy(share, agreement, clock=CLOCK)
    with pytest.raises(BadInput, match="after-review"):
        review.look(share, agreement, clock=CLOCK)


def test_in_the_terminal(share: Share, tally: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def say(text: str, *more: str) -> Any:
        monkeypatch.setattr(sys, "stdin", streams.StringIO(text))
        return tally("review", share.root, *more)

    first = say("y\nu\n?\nx\nn\nq\n", "--as", "ann")
    assert first.code == 0, first.err
    assert first.out.count("One person?") == 6
    assert "match weight" in first.out
    assert "█" in first.out
    assert re.search(r"surname +Sn", first.out)
    assert "none of the keys" in first.out
    standing = json.loads(say("", "--as", "ann", "--json").out)
    assert standing["judged_by"] == {"ann": 2}
    assert standing["left_for_you"] == standing["pairs"] - 2
    assert "answers" not in standing
    blind = say("q\n", "--as", "bob", "--hide-weight")
    assert "match weight" not in blind.out
    assert "yes" not in re.sub(r"y yes", "", blind.out)
    early = tally("review", share.root, "--close")
    assert (early.code, "not finished" in early.err) == (2, True)
    looks = [entry for entry in share.ledger.entries() if entry.act == "look"]
    assert {entry.actor for entry in looks} == {"ann", "bob"}


def test_closing_in_the_terminal_tells_the_figures(share: Share, tally: Callable[..., Any]) -> None:
    judge_all(share, "ann", "bob")
    done = tally("review", share.root, "--as", "cleo")
    assert "--close" in done.out
    closed = tally("review", share.root, "--close")
    assert closed.code == 0, closed.err
    assert "precision of the links: 100.0% (95 % interval" in closed.out
    assert "kappa" in closed.out
    assert json.loads(tally("review", share.root, "--close", "--json").out)["pairs_reviewed"] == len(
        truths(share)
    )
    assert "\x1b" not in done.out + closed.out


def test_two_and_a_third_from_first_to_last_at_the_command_line(
    share: Share, tally: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def say(text: str, *more: str) -> Any:
        monkeypatch.setattr(sys, "stdin", streams.StringIO(text))
        ran = tally("review", share.root, *more)
        assert ran.code == 0, ran.err
        return ran

    def standing(who: str) -> Any:
        return json.loads(say("", "--as", who, "--json").out)

    count = standing("ann")["pairs"]
    say("y\n" * count, "--as", "ann")
    assert standing("ann")["left_for_you"] == 0
    say(("y\n" * 5 + "n\n") * count, "--as", "bob")
    after = standing("bob")
    open_ = count // 6
    assert (after["for_a_third"], after["settled"]) == (open_, count - open_)
    assert (standing("ann")["left_for_you"], standing("bob")["left_for_you"]) == (0, 0)
    assert "another person must look" in say("", "--as", "ann").out
    assert standing("cleo")["left_for_you"] == open_
    asked = say("y\n" * open_, "--as", "cleo").out
    assert asked.count("One person?") == open_
    assert "--close" in say("", "--as", "dan").out
    assert standing("dan")["left_for_you"] == 0
    told = say("", "--close").out
    agree = 1 - open_ / count
    assert f"ann and bob agree on {agree:.1%} of {count}; kappa 0.00" in told  # ann said one thing throughout
    assert f"{count} always, 0 never" in told
    found = json.loads(say("", "--close", "--json").out)
    assert {tuple(one["reviewers"]) for one in found["agreement"]} == {
        ("ann", "bob"),
        ("ann", "cleo"),
        ("bob", "cleo"),
    }
    assert "The review is closed" in say("", "--as", "ann").out


def test_the_first_look_says_what_the_sample_will_tell(
    tmp_path: Path, tally: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_share(tmp_path / "s", people=60)
    run(open_share(folder), clock=CLOCK, until="link")
    monkeypatch.setattr(sys, "stdin", streams.StringIO("q\n"))
    ran = tally("review", folder, "--pairs", "20", "--as", "ann")
    assert ran.code == 0, ran.err
    assert re.search(r"Drawn: \d+ units in \d+ strata", ran.out)
    assert "precision to within" in ran.out
    assert "nan" not in ran.out


def test_decisions_made_before_stand_when_a_review_closes_and_ids_have_their_lineage(share: Share) -> None:
    rows = pq.read_table(share.linker / "links.parquet").to_pylist()
    sampled = {
        (row["source_l"], row[f"{ID}_l"], row["source_r"], row[f"{ID}_r"])
        for row in pq.read_table(share.linker / "review" / "sample.parquet").to_pylist()
    }
    pair = next(
        key for row in rows
        if (key := (row["source_l"], row[f"{ID}_l"], row["source_r"], row[f"{ID}_r"])) not in sampled
    )  # fmt: skip
    lines = ["source_l,id_l,source_r,id_r,decision", ",".join((*pair, "never"))]
    share.decisions.write_text("\n".join(lines) + "\n")
    agreement = io.load(share.agreement)
    link.link(share, agreement, clock=CLOCK)

    def persons() -> dict[tuple[str, str], str]:
        table = pq.read_table(share.linker / "persons.parquet").to_pylist()
        return {(row["source"], row[ID]): row["person_id"] for row in table}

    before = persons()
    assert before[pair[:2]] != before[pair[2:]]
    parted = next(n for n, answer in enumerate(truths(share)) if answer == "yes")
    for reviewer in ("ann", "bob"):
        for number, answer in enumerate(truths(share)):
            review.judge(
                share, number, "no" if number == parted else answer, clock=replace(CLOCK, actor=reviewer)
            )
    review.close(share, agreement, clock=CLOCK)
    after = persons()
    assert after[pair[:2]] != after[pair[2:]]
    moved = {record for record in before if before[record] != after[record]}
    assert moved
    lineage = pq.read_table(share.linker / "lineage.parquet").to_pylist()
    told = {(row["old_id"], row["new_id"]) for row in lineage}
    assert {(before[record], after[record]) for record in moved} <= told
    assert audit(share).findings == ()
