"""From an upload to its report in one command, the door's rules, the pool's last day."""

from __future__ import annotations

import csv
import json
import shutil
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lab.world import with_offences
from tallystick.cli.main import run
from tallystick.share import run as share_run
from tallystick.share.acts import Clock
from tallystick.share.rooms import open_share

REQUEST = 'id = "a"\ntitle = "t"\nprogramme = "p"\nmethods = ["entropy"]\nruns = ["national"]\n'
HANDED = ("--route", "cjsm", "--sender-registered", "--receipt-sent", "--original-deleted")
ASSURED = ("--assured-by", "A. Name, data protection officer")


@pytest.fixture
def share(tmp_path: Path) -> Path:
    """Return a share whose cohort has not come yet; it lies beside it as an upload."""
    folder = with_offences(tmp_path / "share", people=4000, seed=3)
    with (folder / "supplies/cohort.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    (folder / "supplies/cohort.csv").unlink()
    shutil.rmtree(folder / "truth")
    whole = [
        row for row in rows
        if all(row[name] for name in ("first_name", "surname", "dob", "gender")) and row["intervention_start"] < "2026"
    ]  # fmt: skip
    for name, chosen in (("upload", whole), ("few", whole[:59])):
        with (tmp_path / f"{name}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(chosen)
    (folder / "request.toml").write_text(REQUEST)
    return folder


def test_from_upload_to_report_and_on(
    share: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def lab(file: str, *more: str) -> int:
        capsys.readouterr()
        return run(["lab", "run", str(tmp_path / f"{file}.csv"), str(share / "request.toml"), *more])

    assert lab("few", *ASSURED, *HANDED) == 1
    assert "195" in capsys.readouterr().err
    assert lab("upload", *HANDED) == 1
    assert lab("upload", *ASSURED) == 1
    said = capsys.readouterr().err
    assert all(
        rule in said
        for rule in ("submission.route", "submission.sender", "submission.receipt", "submission.inbox")
    )
    assert not (share / "supplies/cohort.csv").exists()
    assert lab("upload", *ASSURED, *HANDED, "--json") == 0, capsys.readouterr().err
    found = json.loads(capsys.readouterr().out)
    assert found["ci_low"] < -0.06 < found["ci_high"]
    assert not (share / "supplies/cohort.csv").exists()  # destroyed with the identifiers
    held = (share / "ledger.jsonl").read_text()
    assert "A. Name, data protection officer" in held
    assert lab("upload", *ASSURED, *HANDED) == 0
    assert "before" in capsys.readouterr().out
    (tmp_path / "other.csv").write_text((tmp_path / "upload.csv").read_text() + "\n")
    assert lab("other", *ASSURED, *HANDED) == 1
    # The upload's assurance holds for its own request.
    assert run(["lab", "evaluate", str(share / "request.toml")]) == 0


@pytest.mark.slow
def test_the_pool_goes_after_its_day(share: Path, tmp_path: Path) -> None:
    clock = Clock("me", datetime(2026, 11, 20, tzinfo=UTC))
    (tmp_path / "upload.csv").rename(share / "supplies/cohort.csv")
    share_run.run(open_share(share), clock=clock, until="deidentify")
    assert (share / "rooms/steward/attributes/pnc.parquet").exists()
    until = tomllib.loads((share / "agreement.toml").read_text())["retention"]["comparison_pool"]
    last = Clock("me", datetime(until.year, until.month, until.day, tzinfo=UTC))
    assert "destroy comparison pool" not in {
        s.name for s in share_run.run(open_share(share), clock=last, until="deidentify").steps
    }
    after = Clock("me", datetime(until.year, until.month + 1, 1, tzinfo=UTC))
    assert "destroy comparison pool" in {
        s.name for s in share_run.run(open_share(share), clock=after, until="deidentify").steps
    }
    assert not list((share / "rooms/steward/attributes").glob("*"))
    assert run(["ledger", "audit", str(share)]) == 0
    assert run(["lab", "evaluate", str(share / "request.toml")]) == 1
