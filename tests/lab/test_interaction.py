"""Whether groups differ in their effect."""

from __future__ import annotations

import pytest

from tallystick.lab.evaluate import Subgroup, interaction


def group(name: str, estimate: float, error: float) -> Subgroup:
    return Subgroup("sex", name, 100, estimate, estimate - 1.96 * error, estimate + 1.96 * error, 0.5)


def test_two_groups_are_a_z_test() -> None:
    """With two groups Cochran's Q is the square of z: 0.1 apart with errors 0.03 and 0.04 is z = 2, p = 0.0455."""
    assert interaction([group("F", 0.1, 0.03), group("M", 0.0, 0.04)], "sex") == pytest.approx(
        0.0455, abs=1e-4
    )
    assert interaction([group("F", 0.1, 0.03)], "sex") is None
    assert interaction([group("F", 0.1, 0.03), group("M", 0.0, 0.04)], "area") is None
