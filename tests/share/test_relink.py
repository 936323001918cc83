"""What the agreement says of the linkage holds in a share: match keys."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq

from tallystick.agreement import io
from tallystick.agreement.schema import MatchKey
from tallystick.share.rooms import open_share
from tallystick.share.run import run
from worlds import CLOCK, signed, write_share


def test_a_share_links_in_stages_by_the_keys_of_its_agreement(tmp_path: Path) -> None:
    folder = write_share(tmp_path / "s", people=150)
    agreement = io.load(folder / "agreement.toml")
    assert agreement.linkage is not None
    key = MatchKey(on=("first_name", "surname", "dob"), name="names and birth")
    linkage = agreement.linkage.model_copy(update={"keys": (key,), "stages": "keys"})
    io.dump(signed(agreement.model_copy(update={"linkage": linkage})), folder / "agreement.toml")
    share = open_share(folder)
    run(share, clock=CLOCK, until="link")
    links = pq.read_table(share.linker / "links.parquet")
    assert set(links["stage"].to_pylist()) == {"names and birth"}
    assert json.loads((share.linker / "truth.json").read_text())["f1"] > 0.9
    assert "Links by match key" in (share.linker / "quality.html").read_text()
    entry = share.ledger.find("link")
    assert entry is not None
    assert entry.details["match_keys"][0]["key"] == "names and birth"
