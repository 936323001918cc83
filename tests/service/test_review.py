"""Journey 4: pairs judged side by side by people blind to each other, a third for what they disagree on, and the review closed."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

MOJ, DFE, HOME_OFFICE = "Ministry of Justice", "Department for Education", "Home Office"
PAGE = "/shares/moj-dfe/review"


@pytest.fixture(scope="session")
def linked_share(made_share: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a share that is linked; tests work on copies of it."""
    from tallystick.share.rooms import open_share
    from tallystick.share.run import run

    folder = tmp_path_factory.mktemp("linked") / "moj-dfe"
    shutil.copytree(made_share, folder)
    run(open_share(folder), clock=clock("sample"), until="link")
    return folder


@pytest.fixture(scope="session")
def drawn_share(linked_share: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a share with a sample of 12 pairs drawn."""
    from tallystick.agreement import io
    from tallystick.share import review
    from tallystick.share.rooms import open_share

    folder = tmp_path_factory.mktemp("drawn") / "moj-dfe"
    shutil.copytree(linked_share, folder)
    share = open_share(folder)
    review.draw(share, io.load(share.agreement), clock=clock("sample"), pairs=12)
    return folder


@pytest.fixture
def drawn(service: Path, drawn_share: Path) -> Any:
    return recorded(service, drawn_share)


@pytest.fixture
def linked(service: Path, linked_share: Path) -> Any:
    return recorded(service, linked_share)


def clock(actor: str) -> Any:
    from tallystick.share.acts import Clock

    return Clock(actor, datetime(2026, 10, 1, 8, tzinfo=UTC))


def recorded(service: Path, made: Path) -> Any:
    """Return a copy of a share in the home, recorded in the registry."""
    from tallystick.service.registry.shares import record
    from tallystick.share.rooms import open_share

    folder = service / "shares" / "moj-dfe"
    shutil.copytree(made, folder)
    record(folder, datetime(2026, 10, 1, 9, tzinfo=UTC))
    return open_share(folder)


def shown(who: Any) -> int:
    """Return the number of the pair that is shown to somebody."""
    text = who.get(f"{PAGE}/pair").content.decode()
    return int(re.search(r'name="pair" value="(\d+)"', text)[1])  # type: ignore[index]


def judge(who: Any, pair: int, answer: str) -> Any:
    return who.post(f"{PAGE}/pair", pair=pair, answer=answer)


def judge_all(who: Any, answers: dict[int, str]) -> None:
    """Judge as long as a pair is shown: as ``answers`` says, else yes."""
    while who.get(f"{PAGE}/pair").status_code == 200:
        pair = shown(who)
        assert judge(who, pair, answers.get(pair, "yes")).status_code == 302


def worked() -> None:
    from tallystick.service.jobs import queue

    assert queue.loop(lambda: datetime.now(UTC), threading.Event(), once=True) == 1


def pairs_of(share: Any) -> int:
    from tallystick.share import review

    return int(review.state(share).pairs)


def test_two_judge_blind_a_third_settles_and_the_linker_closes(
    somebody: Callable[..., Any], drawn: Any
) -> None:
    from tallystick.linkage.review import next_pair
    from tallystick.share import review

    rae, roy, ros = somebody("rae", "reviewer"), somebody("roy", "reviewer", DFE), somebody("ros", "reviewer")
    lin, lea = somebody("lin", "linker"), somebody("lea", "lead")
    count = pairs_of(drawn)
    assert f"{count} pairs to judge" in rae.get("/home").content.decode()
    disputed = next_pair(review.state(drawn), "rae")
    assert disputed is not None
    judge_all(rae, {disputed: "no"})
    before = roy.get(f"{PAGE}/pair").content.decode()
    assert not re.search(r"\brae\b", before)
    judge_all(roy, {})
    assert "another person must look" in rae.get(PAGE).content.decode()
    assert lin.post(f"{PAGE}/close").status_code == 302
    worked()
    assert "not finished" in lin.get(PAGE).content.decode()
    assert shown(ros) == disputed
    judge_all(ros, {})
    standing = lin.get(PAGE).content.decode()
    assert "Every pair is settled" in standing
    assert "Close the review" in standing
    assert "Close the review" in lea.get(PAGE).content.decode()
    assert "Close the review" not in rae.get(PAGE).content.decode()
    assert lea.post(f"{PAGE}/close").status_code == 302
    assert lin.post(f"{PAGE}/close").status_code == 400  # one closes, the other is told
    worked()
    closed = lea.get(PAGE).content.decode()
    assert "Precision of the links" in closed
    assert "95 % interval" in closed
    assert "kappa" in closed
    assert rae.get(f"{PAGE}/pair").status_code == 302
    assert judge(rae, 0, "unsure").status_code == 409
    assert "rae" in {entry.actor for entry in drawn.ledger.entries() if entry.act == "look"}
    assert drawn.ledger.verify().is_sound


def test_page_shows_both_records_what_differs_and_what_makes_up_the_weight(
    somebody: Callable[..., Any], drawn: Any
) -> None:
    from tallystick.agreement import io
    from tallystick.share import review

    rae = somebody("rae", "reviewer")
    agreement = io.load(drawn.agreement)
    pairs = review.look(drawn, agreement, clock=clock("test"))
    text = rae.get(f"{PAGE}/pair").content.decode()
    pair = pairs[shown(rae)]
    plain = re.sub(r"</?mark>|\[|\]", "", text)
    for name, left, right in pair.fields:
        assert name.replace("_", " ") in plain.lower()
        assert left in plain
        assert right in plain
    differing = any(left and right and left != right for _, left, right in pair.fields[1:])
    assert ("<mark>[" in text) == differing
    for bar in pair.bars:
        assert f"{bar.bits:+.1f}" in text
    attributes = {f.name for d in agreement.datasets for f in d.fields if f.kind == "attribute"}
    assert attributes
    assert not {name for name in attributes if name in {name for name, *_ in pair.fields}}


def test_what_stands_in_a_record_is_text_on_the_page(somebody: Callable[..., Any], drawn: Any) -> None:
    import json

    from tallystick.ledger import new_key, seal, unseal

    pairs = json.loads(unseal(drawn.reviewed, drawn.reviewed_key))
    for pair in pairs:
        pair["fields"] = [["surname", "<script>alert(1)</script>", "<script>alert(2)</script>"]]
    seal(json.dumps(pairs).encode(), new_key(drawn.reviewed_key), drawn.reviewed)
    text = somebody("rae", "reviewer").get(f"{PAGE}/pair").content.decode()
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(<mark>[1]</mark>)&lt;/script&gt;" in text


def test_overtaken_reviewer_is_told_and_nothing_is_lost(somebody: Callable[..., Any], drawn: Any) -> None:
    from tallystick.share import review

    rae, roy, ros = (somebody(name, "reviewer") for name in ("rae", "roy", "ros"))
    pair = shown(rae)
    assert judge(rae, pair, "yes").status_code == 302
    assert judge(rae, pair, "yes").status_code == 302  # sent twice, done once
    assert shown(ros) == pair  # two have the same pair before them
    assert judge(roy, pair, "yes").status_code == 302
    late = judge(ros, pair, "no")
    assert late.status_code == 409
    assert "judged by enough people" in late.content.decode()
    assert review.state(drawn).answers[pair] == {"rae": "yes", "roy": "yes"}
    assert judge(rae, pair, "no").status_code == 409  # another answer than before


def test_answers_at_the_same_moment_are_all_kept_or_told(somebody: Callable[..., Any], drawn: Any) -> None:
    from django.db import connections

    from tallystick.share import review

    people = [somebody(f"r{n}", "reviewer") for n in range(5)]
    pair, said = 3, []

    def at_once(who: Any) -> None:
        said.append(judge(who, pair, "yes").status_code)
        connections.close_all()

    threads = [threading.Thread(target=at_once, args=(who,)) for who in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(said) == [302, 302, 409, 409, 409]
    assert len(review.state(drawn).answers[pair]) == 2


def test_last_answer_is_taken_back_and_an_empty_one_is_asked_for_again(
    somebody: Callable[..., Any], drawn: Any
) -> None:
    rae = somebody("rae", "reviewer")
    pair = shown(rae)
    assert rae.post(f"{PAGE}/undo").status_code == 409
    assert rae.post(f"{PAGE}/pair", pair=pair).status_code == 422
    assert rae.post(f"{PAGE}/pair", pair="1e3", answer="yes").status_code == 404
    assert judge(rae, 10**6, "yes").status_code == 409
    judge(rae, pair, "yes")
    assert shown(rae) != pair
    assert rae.post(f"{PAGE}/undo").status_code == 302
    assert shown(rae) == pair
    assert "data-key" not in rae.get(f"{PAGE}/pair").content.decode()
    assert rae.post(f"{PAGE}/keys").status_code == 302
    assert 'data-key="y"' in rae.get(f"{PAGE}/pair").content.decode()


def test_review_of_others_is_not_there(somebody: Callable[..., Any], drawn: Any) -> None:
    pages = ("", "/pair")
    acts = ("pair", "undo", "keys", "draw", "close")
    outside = [somebody("dot", "reviewer", HOME_OFFICE), somebody("lou", "linker", HOME_OFFICE)]
    inside = [somebody(role, role) for role in ("steward", "supplier", "iao", "requester", "panel")]
    for who in (*outside, *inside):
        for page in pages:
            assert who.get(PAGE + page).status_code == 404, (who.role, page)
        for act in acts:
            assert who.post(f"{PAGE}/{act}", pair=0, answer="yes", pairs=5).status_code == 404, (
                who.role,
                act,
            )
    lea = somebody("lea", "lead")
    assert lea.get(f"{PAGE}/pair").status_code == 403
    assert judge(lea, 0, "yes").status_code == 403
    assert somebody("rae", "reviewer").post(f"{PAGE}/close").status_code == 403
    assert list((drawn.root / "rooms/linker/review").glob("journal*")) == []


def test_linker_draws_the_sample_by_the_worker_once(somebody: Callable[..., Any], linked: Any) -> None:
    from tallystick.agreement import io
    from tallystick.share import acts, destroy, review

    lin, rae = somebody("lin", "linker"), somebody("rae", "reviewer")
    assert "No sample was drawn" in rae.get(PAGE).content.decode()
    assert rae.get(f"{PAGE}/pair").status_code == 400
    for wrong in ("", "0", "-1", "ten", "99999", "²"):
        assert lin.post(f"{PAGE}/draw", pairs=wrong).status_code == 422, wrong
    drawn = []
    for wanted in ("6", "60"):
        assert lin.post(f"{PAGE}/draw", pairs=wanted).status_code == 302
        worked()
        drawn.append(review.design(linked))
    assert drawn[0] == drawn[1]  # the first sample stands
    assert 6 <= sum(one["sample"] for one in drawn[0]["strata"]) < 60
    assert acts.details_of(linked, review.DRAWN)["pairs"] == review.state(linked).pairs
    assert "percentage points" in lin.get(PAGE).content.decode()
    assert rae.get(f"{PAGE}/pair").status_code == 200
    destroy.destroy(linked, io.load(linked.agreement), clock=clock("lin"))
    assert not linked.reviewed.exists()
    assert not linked.reviewed_key.exists()
    gone = rae.get(f"{PAGE}/pair")
    assert gone.status_code == 400
    assert "after-review" in gone.content.decode()
