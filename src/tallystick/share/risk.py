"""How well an extract hides the people in it: the steward's report, before it is handed over."""

from __future__ import annotations

import secrets

import numpy as np

from tallystick import deidentify as engine
from tallystick.agreement.project import Project
from tallystick.agreement.schema import Agreement
from tallystick.share.extract import columns, draft
from tallystick.share.rooms import Share, read_parquet

LEAST_GROUP = 5


def risk(share: Share, agreement: Agreement, project: Project, *, seed: int = 1) -> engine.Assessment:
    """Return the assessment of the project's extract, and write it as rooms/steward/risk/<project>.html.

    An extract that was not made yet, or was refused at the door, is judged as it would be. The smallest group allowed (k) is the
    agreement's, else its minimum cell count, else 5. Raises BadInput where there is nothing to make an extract of.
    """
    paths = sorted((share.project(project.id) / "extract").glob("*.parquet"))
    tables = {path.stem: read_parquet(path) for path in paths}
    if not tables:
        tables = dict(draft(share, agreement, project, secrets.token_bytes(32)).tables)
    said = agreement.disclosure
    sensitive, leave_out = columns(agreement, tables)
    found = engine.assess(
        tables,
        engine.Limits(k=said.smallest_group or said.minimum_cell_count or LEAST_GROUP),
        np.random.default_rng(seed),
        sensitive=sensitive,
        leave_out=leave_out,
    )
    page = share.steward / "risk" / f"{project.id}.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(engine.risk_page(found, project.title or project.id), encoding="utf-8")
    return found
