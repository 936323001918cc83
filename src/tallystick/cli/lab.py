"""`tally lab`: the Justice Data Lab's engine on a plain table."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import pyarrow as pa

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)


@app.callback()
def lab() -> None:
    """Did it work? Compare treated people with people like them."""


@app.command()
def estimate(
    table: Annotated[Path, typer.Argument(help="A CSV or Parquet file, one row for each person.")],
    treatment: Annotated[str, typer.Option(help="The column that says who was treated.")],
    outcome: Annotated[str, typer.Option(help="The outcome's column: a number, or yes and no.")],
    covariates: Annotated[
        str, typer.Option(help="Columns to compare like with like on, with commas between.")
    ],
    method: Annotated[
        str, typer.Option(help="radius, nearest, kernel, full, cem, entropy or overlap.")
    ] = "radius",
    exact: Annotated[str, typer.Option(help="Columns to match exactly on, with commas between.")] = "",
    calliper: Annotated[float | None, typer.Option(help="The widest gap, in standard deviations.")] = None,
    ratio: Annotated[int, typer.Option(help="Comparison people for each treated one (nearest).")] = 1,
    replace: Annotated[bool, typer.Option(help="A comparison person may serve twice (nearest).")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Estimate the effect on the treated from a plain table."""
    from tallystick.cli import output
    from tallystick.errors import BadInput
    from tallystick.lab.design import design
    from tallystick.lab.estimate import METHODS
    from tallystick.lab.estimate import estimate as run

    chosen = next((known for known in METHODS if known == method), None)
    if chosen is None:
        raise BadInput(f"--method: no method of that name. Take one of: {', '.join(METHODS)}.")
    made = design(read(table), treatment, outcome, names(covariates), names(exact))
    found = run(made, chosen, calliper=calliper, ratio=ratio, replace=replace)
    if as_json:
        output.say(asdict(found), as_json=True)
        return
    output.line(
        f"Estimate {found.estimate:.6g} (standard error {found.standard_error:.6g}), method {found.method}"
    )
    output.line(f"95% interval {found.ci_low:.6g} to {found.ci_high:.6g}, p = {found.p_value:.3g}")
    output.line(
        f"{found.n_treated} of {found.n_treated_submitted} treated against {found.n_comparison} comparison people "
        f"(effective size {found.ess_comparison:.1f})"
    )
    if found.left_out_missing:
        output.line(f"{found.left_out_missing} rows without treatment or outcome were left out.")
    for name, count in found.filled_missing.items():
        output.line(
            f"{name}: {count} missing values, set to the median or a level of their own, with an indicator."
        )
    for note in found.notes:
        output.line(note)
    rows = [(name, f"{pair['before']:.3f}", f"{pair['after']:.3f}") for name, pair in found.smd.items()]
    output.table(rows, ("covariate", "SMD before", "SMD after"))


@app.command()
def power(
    rate: Annotated[float, typer.Option(help="The share of people like them who reoffend, such as 0.3.")],
    n: Annotated[int | None, typer.Option("--n", help="How many people took part.")] = None,
    effect: Annotated[float | None, typer.Option(help="The change looked for, such as -0.05.")] = None,
    ratio: Annotated[float, typer.Option(help="Comparison people for each person, as the weights count.")] = 1.0,
    alpha: Annotated[float, typer.Option(help="The chance of a false alarm.")] = 0.05,
    wanted: Annotated[float, typer.Option("--power", help="The chance of finding what is there.")] = 0.8,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what effect a cohort could show, or how many people an effect needs."""
    from tallystick.cli import output
    from tallystick.lab.power import study

    found = study(base=rate, n=n, effect=effect, ratio=ratio, alpha=alpha, wanted=wanted)
    output.say(asdict(found), as_json=as_json, text="\n".join(found.words))


def names(text: str) -> list[str]:
    """Return the names in a list with commas."""
    return [name.strip() for name in text.split(",") if name.strip()]


def read(path: Path) -> pa.Table:
    """Return a CSV or Parquet file as a table."""
    import pyarrow as pa
    from pyarrow import csv, parquet

    from tallystick.errors import BadInput

    try:
        if path.suffix.lower() == ".parquet":
            return parquet.read_table(path)
        text = csv.ConvertOptions(
            null_values=["", "NA", "NaN", "nan", "NULL", "null", "."], strings_can_be_null=True
        )
        return csv.read_csv(path, convert_options=text)
    except (OSError, pa.ArrowInvalid):
        raise BadInput(
            f"{path}: it cannot be read. Give a CSV file with a header, or a Parquet file."
        ) from None
