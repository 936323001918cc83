"""`tally init`: a new share from a filled-in template."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tallystick.cli import output
from tallystick.errors import BadInput


def init(
    folder: Annotated[Path, typer.Argument(help="The folder of the new share; made if it is not there.")],
    template: Annotated[
        str,
        typer.Option(
            "--template",
            help="moj-dfe, data-first, learner-register, justice-data-lab or local-performance.",
        ),
    ] = "moj-dfe",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be written; write nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what a program would want.")] = False,
) -> None:
    """Begin a share from a template: its agreement, where supplies go, and an example to go with it.

    The example is a project (moj-dfe, data-first), a lab's request (justice-data-lab) or what a board's figures count
    (local-performance). A learner register has none: who receives what stands in its agreement.
    """
    from tallystick.agreement import io, presets
    from tallystick.agreement.project import Project
    from tallystick.agreement.schema import Agreement

    text = presets.template(template)
    agreement = io.parse(text, Agreement, name=f"{template}.toml")
    files = {folder / "agreement.toml": text}
    project = presets.project_template(template)
    if project is not None:
        name = io.parse(project, Project, name=f"{template}.project.toml").id
        files[folder / "projects" / f"{name}.toml"] = project
    for name, example in (
        ("request.toml", presets.request_template(template)),
        ("measures.toml", presets.measures_template(template)),
    ):
        if example is not None:
            files[folder / name] = example
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadInput(f"{folder} is not an empty folder; nothing was written. Name a new one.")
    if not dry_run:
        for path, content in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            io.write_text(path, content)
        (folder / "supplies").mkdir(exist_ok=True)
    supplies = [str(folder / dataset.path) for dataset in agreement.datasets if dataset.path]
    verb = "Would write" if dry_run else "Wrote"
    lines = [f"{verb} {path}" for path in files]
    lines.append(f"Put the suppliers' files here: {', '.join(supplies)}" if supplies else "")
    lines.append(f"Then replace the placeholders, and ask what is lacking: tally agreement check {folder}")
    output.say(
        {
            "template": template,
            "dry_run": dry_run,
            "files": [str(path) for path in files],
            "supplies": supplies,
        },
        as_json=as_json,
        text="\n".join(line for line in lines if line),
    )
