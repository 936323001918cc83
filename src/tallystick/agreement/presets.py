"""The templates of `tally init`: the five documents' own arrangements, filled in, with offices to be replaced."""

from __future__ import annotations

from importlib.resources import files

from tallystick.errors import BadInput

TEMPLATES = {
    "moj-dfe": "two departments link offenders to pupils for research",
    "data-first": "justice datasets de-duplicated and linked to each other, for accredited researchers",
    "learner-register": "pupils and learners matched across sources, each recipient getting its lawful minimum",
    "justice-data-lab": "a provider's cohort and its matched comparison group",
    "local-performance": "a local criminal justice board's performance data, none of it personal",
}


def template(name: str) -> str:
    """Return the template's TOML; raise BadInput naming the templates there are."""
    if name not in TEMPLATES:
        raise BadInput(f"There is no template {name!r}. The templates are: {', '.join(TEMPLATES)}.")
    return files("tallystick.agreement").joinpath(f"templates/{name}.toml").read_text(encoding="utf-8")


def project_template(name: str) -> str | None:
    """Return the template's example of a project as TOML, or None where such a share has none."""
    path = files("tallystick.agreement").joinpath(f"templates/{name}.project.toml")
    return path.read_text(encoding="utf-8") if path.is_file() else None


def request_template(name: str) -> str | None:
    """Return the template's example of a lab's ``request.toml``, or None where such a share has none."""
    path = files("tallystick.agreement").joinpath(f"templates/{name}.request.toml")
    return path.read_text(encoding="utf-8") if path.is_file() else None


def measures_template(name: str) -> str | None:
    """Return the template's ``measures.toml``, what each figure counts, or None where such a share has none."""
    path = files("tallystick.agreement").joinpath(f"templates/{name}.measures.toml")
    return path.read_text(encoding="utf-8") if path.is_file() else None
