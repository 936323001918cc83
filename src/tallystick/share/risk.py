"""How well an extract that was made hides the people in it: the steward's report, before it is handed over."""

from __future__ import annotations

import numpy as np

from tallystick import deidentify as engine
from tallystick.agreement.project import Project
from tallystick.agreement.schema import Agreement
from tallystick.errors import BadInput
from tallystick.share.rooms import Share, read_parquet

LEAST_GROUP = 5


def risk(share: Share, agreement: Agreement, project: Project, *, seed: int = 1) -> engine.Assessment:
    """Return the assessment of the project's extract, and write it as rooms/steward/risk/<project>.html.

    The smallest group allowed (k) is the agreement's minimum cell count, else 5. Raises BadInput where there is no extract.
    """
    room = share.project(project.id) / "extract"
    paths = sorted(room.glob("*.parquet"))
    if not paths:
        raise BadInput(f"Project {project.id} has no extract: run `tally extract` first.")
    tables = {path.stem: read_parquet(path) for path in paths}
    columns = {f"{name}.{column}" for name, table in tables.items() for column in table.column_names}
    fields = [
        (f"{dataset.name}.{field.name}", field)
        for dataset in agreement.datasets
        for field in dataset.fields
        if f"{dataset.name}.{field.name}" in columns
    ]
    found = engine.assess(
        tables,
        engine.Limits(k=agreement.disclosure.minimum_cell_count or LEAST_GROUP),
        np.random.default_rng(seed),
        sensitive=[name for name, field in fields if field.is_sensitive],
        leave_out=[name for name, field in fields if field.kind == "case-id"],
    )
    page = share.steward / "risk" / f"{project.id}.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(engine.risk_page(found, project.title or project.id), encoding="utf-8")
    return found
