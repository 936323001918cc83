"""`tally init` writes what its help says, for every template, and what it writes can be read."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tallystick.agreement import io
from tallystick.agreement.presets import TEMPLATES
from tallystick.lab.request import Request

EXAMPLE = {
    "moj-dfe": "projects/*.toml",
    "data-first": "projects/*.toml",
    "justice-data-lab": "request.toml",
    "local-performance": "measures.toml",
    "learner-register": None,
}


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_comes_with_the_example_that_the_help_names(
    template: str, tmp_path: Path, tally: Callable[..., Any]
) -> None:
    said = tally("init", "--help").out
    assert template in said
    folder = tmp_path / "share"
    assert tally("init", str(folder), "--template", template).code == 0
    assert io.load(folder / "agreement.toml").about.id
    assert (folder / "supplies").is_dir()
    wanted = EXAMPLE[template]
    written = {path for path in folder.rglob("*.toml") if path.name != "agreement.toml"}
    assert written == (set(folder.glob(wanted)) if wanted else set())
    assert bool(written) == (template != "learner-register")
    if wanted == "request.toml":
        Request(**tomllib.loads((folder / "request.toml").read_text(encoding="utf-8")))
