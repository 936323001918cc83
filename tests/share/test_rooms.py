"""Where the parts of a share lie: no name leads out of it."""

from pathlib import Path

import pytest

from tallystick.agreement.dataset import Dataset
from tallystick.errors import BadInput
from tallystick.share.rooms import Share, supply_path


@pytest.mark.parametrize("path", ["../cohort.csv", "supplies/../../cohort.csv", "/tmp/cohort.csv"])
def test_supply_path_is_inside_the_share(tmp_path: Path, path: str) -> None:
    with pytest.raises(BadInput, match="leads out of the share"):
        supply_path(Share(tmp_path), Dataset(name="cohort", supplier="A", path=path))
    inside = supply_path(Share(tmp_path), Dataset(name="cohort", supplier="A"))
    assert inside == tmp_path / "supplies/cohort.csv"


def test_supply_path_is_not_led_out_by_a_link(tmp_path: Path) -> None:
    (tmp_path / "share").mkdir()
    (tmp_path / "share/supplies").symlink_to(tmp_path)
    with pytest.raises(BadInput, match="leads out of the share"):
        supply_path(Share(tmp_path / "share"), Dataset(name="cohort", supplier="A"))
