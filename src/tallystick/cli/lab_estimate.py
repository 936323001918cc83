"""`tally lab estimate`: the engine alone, on a plain table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

MISSING = ["", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "NULL", "null", "."]

if TYPE_CHECKING:
    import pyarrow as pa

    from tallystick.lab.design import Design
    from tallystick.lab.estimate import Estimate, Question
    from tallystick.lab.survival import Survival
    from tallystick.lab.weigh import Weighting


def estimate(
    table: Annotated[Path, typer.Argument(help="A CSV or Parquet file, one row for each person.")],
    treatment: Annotated[str, typer.Option(help="The column that says who was treated; or COLUMN=VALUE.")],
    outcome: Annotated[
        str, typer.Option(help="The outcome's column: a number, or yes and no; or COLUMN=VALUE.")
    ],
    covariates: Annotated[
        str, typer.Option(help="Columns to compare like with like on, with commas between.")
    ],
    method: Annotated[
        str, typer.Option(help="radius, nearest, kernel, full, cem, entropy, overlap or ipw.")
    ] = "radius",
    categories: Annotated[
        str, typer.Option(help="Covariates whose numbers are codes and not amounts, with commas between.")
    ] = "",
    exact: Annotated[str, typer.Option(help="Columns to match exactly on, with commas between.")] = "",
    calliper: Annotated[
        float | None,
        typer.Option(
            help="The widest gap, in standard deviations (0.1 unless told; inf for none; radius, nearest and kernel)."
        ),
    ] = None,
    distance: Annotated[str, typer.Option(help="Match on the propensity or on its logit.")] = "logit",
    ratio: Annotated[int, typer.Option(help="Comparison people for each treated one (nearest).")] = 1,
    replace: Annotated[bool, typer.Option(help="A comparison person may serve twice (nearest).")] = False,
    secondary: Annotated[
        str, typer.Option(help="Further outcomes, their p-values adjusted as a family, with commas between.")
    ] = "",
    subgroups: Annotated[
        str, typer.Option(help="Columns whose groups are analysed apart, with a test of interaction.")
    ] = "",
    negative_control: Annotated[
        str, typer.Option(help="An outcome that the treatment cannot have changed.")
    ] = "",
    link_probability: Annotated[
        str,
        typer.Option(
            help="The column with the probability that a treated person's link is right, to carry into the interval."
        ),
    ] = "",
    time: Annotated[
        str,
        typer.Option(
            help="When a yes-or-no outcome came, or the follow-up's end: adds survival curves and a hazard ratio."
        ),
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Estimate the effect on the treated from a plain table."""
    from dataclasses import asdict
    from datetime import UTC, datetime
    from typing import get_args

    from tallystick.cli import output
    from tallystick.errors import BadInput
    from tallystick.lab.estimate import METHODS, Distance, Question, answer
    from tallystick.lab.weigh import Settings

    chosen = next((known for known in METHODS if known == method), None)
    if chosen is None:
        raise BadInput(f"--method: no method of that name. Take one of: {', '.join(METHODS)}.")
    scale = next((known for known in get_args(Distance) if known == distance), None)
    if scale is None:
        raise BadInput("--distance: take logit or propensity.")
    settings = Settings(calliper, ratio, replace, scale)
    today = datetime.now(UTC).date()
    asked = Question(
        treatment, outcome, names(covariates), names(exact), chosen, settings, today, names(categories)
    )
    people = read(table, (treatment, outcome, *asked.covariates))
    data, made, found = answer(people, asked)
    beside = further(people, asked, data, made, found, names(secondary), negative_control, link_probability)
    beside["survival"] = how_soon(people, asked, data, made, time) if time else None
    beside["subgroups"] = by_group(people, asked, names(subgroups))
    if as_json:
        shown = {
            name: [asdict(one) for one in said] if isinstance(said, tuple) else said and asdict(said)
            for name, said in beside.items()
        }
        output.say(asdict(found) | shown, as_json=True)
        return
    show(found)
    show_beside(beside)


def further(
    table: pa.Table,
    asked: Question,
    data: Design,
    made: Weighting,
    found: Estimate,
    secondary: list[str],
    control: str,
    probability: str,
) -> dict[str, Any]:
    """Return the secondary outcomes, the negative control and the links' error where they are asked for."""
    from tallystick.lab.columns import outcome_of
    from tallystick.lab.family import family, negative_control
    from tallystick.lab.link_error import link_error

    for name in (*secondary, *filter(None, (control, probability))):
        require(table, name, (asked.treatment, asked.outcome, *asked.covariates))
    outcomes = {name: outcome_of(table, name)[data.kept] for name in secondary}
    error = None
    if probability:
        used = data.treated & (made.weights > 0)
        chances = outcome_of(table, probability)[data.kept][used]
        error = link_error(found.estimate, found.standard_error, made.weights[used], chances)
    return {
        "secondary": family(data, made, outcomes),
        "negative_control": negative_control(data, made, control, outcome_of(table, control)[data.kept])
        if control
        else None,
        "link_error": error,
    }


def how_soon(table: pa.Table, asked: Question, data: Design, made: Weighting, time: str) -> Survival:
    """Return what the times to the event say."""
    import numpy as np

    from tallystick.errors import BadInput
    from tallystick.lab.columns import outcome_of
    from tallystick.lab.survival import survival

    require(table, time, (asked.treatment, asked.outcome, *asked.covariates))
    if not np.isin(data.outcome, (0, 1)).all():
        raise BadInput("--time needs an outcome of yes and no: whether the event came.")
    return survival(outcome_of(table, time)[data.kept], data.outcome == 1, data.treated, made.weights, data.x)


def require(table: pa.Table, name: str, taken: Sequence[str]) -> None:
    """Raise `BadInput` unless the table has one column of that name, and it is not among ``taken``."""
    from tallystick.errors import BadInput
    from tallystick.lab.columns import column_of, only

    name = column_of(table, name)
    only(table, name)
    if name in [column_of(table, other) for other in taken]:
        raise BadInput(f"Column {name} is the treatment, the outcome or a covariate already.")


def by_group(table: pa.Table, asked: Question, columns: list[str]) -> tuple[Any, ...]:
    """Return the sub-groups of each column."""
    from tallystick.lab.subgroups import subgroups

    return tuple(subgroups(table, column, asked) for column in columns)


def show(found: Estimate) -> None:
    """Print the estimate for a person."""
    from tallystick.cli import output

    output.line(
        f"Estimate {found.estimate:.6g} (standard error {found.standard_error:.6g}), method {found.method}"
    )
    output.line(f"95% interval {found.ci_low:.6g} to {found.ci_high:.6g}, p = {found.p_value:.3g}")
    checked = found.doubly_robust
    output.line(
        f"Doubly robust {checked.estimate:.6g} ({checked.ci_low:.6g} to {checked.ci_high:.6g}), "
        f"Welch {found.welch.ci_low:.6g} to {found.welch.ci_high:.6g}"
    )
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
    for note in (*found.notes, found.sensitivity.words):
        output.line(note)
    rows = [(name, f"{pair['before']:.3f}", f"{pair['after']:.3f}") for name, pair in found.smd.items()]
    output.table(rows, ("covariate", "SMD before", "SMD after"))


def show_beside(beside: dict[str, Any]) -> None:
    """Print what else was asked for."""
    from tallystick.cli import output

    for one in (beside["negative_control"], beside["link_error"]):
        if one is not None:
            output.line(one.words)
    if beside["survival"] is not None:
        said = beside["survival"]
        output.line(
            f"Log-rank {said.log_rank:.3g} (p = {said.log_rank_p:.3g}), hazard ratio {said.hazard.ratio:.3f} "
            f"({said.hazard.ci_low:.3f} to {said.hazard.ci_high:.3f})"
        )
    if beside["secondary"]:
        output.line()
        output.table(
            [(one.outcome, *numbers(one, "p_holm", "p_bh")) for one in beside["secondary"]],
            ("secondary outcome", "estimate", "lowest", "highest", "p (Holm)", "p (Benjamini-Hochberg)"),
        )
    for said in beside["subgroups"]:
        output.line()
        output.table(
            [(one.group, one.n_treated, *numbers(one, "p_holm"), one.fault) for one in said.groups],
            (said.column, "treated", "estimate", "lowest", "highest", "p (Holm)", ""),
        )
        output.line(said.words)


def numbers(one: Any, *more: str) -> list[str]:
    """Return an estimate, its interval and more of its numbers as text."""
    return [
        "none" if (value := getattr(one, name)) is None else f"{value:.3g}"
        for name in ("estimate", "ci_low", "ci_high", *more)
    ]


def names(text: str) -> list[str]:
    """Return the names in a list with commas; a name that holds one stands in quotation marks."""
    import csv

    return [name.strip() for name in next(csv.reader([text], skipinitialspace=True), []) if name.strip()]


def read(path: Path, wanted: Sequence[str]) -> pa.Table:
    """Return a CSV or Parquet file as a table; that its header holds the ``wanted`` names tells which separator it has."""
    import re

    import pyarrow as pa
    from pyarrow import csv, parquet

    from tallystick.errors import BadInput
    from tallystick.supply.read import detect_format, named
    from tallystick.supply.text import detect_encoding, detect_separator, first_line

    if not path.is_file():
        raise BadInput(f"{path}: there is no such file.")
    found = detect_format(path)
    if found not in ("csv", "parquet"):
        raise BadInput(f"{path} is {named(found)}. Save its table as CSV UTF-8 or Parquet.")
    try:
        if found == "parquet":
            return parquet.read_table(path)
        encoding, has_open_quote = detect_encoding(path)
        if has_open_quote:
            raise BadInput(f"{path}: a quotation mark is not closed. Close it, or take it away.")
        table = csv.read_csv(
            path,
            read_options=csv.ReadOptions(encoding=encoding.removesuffix("-sig")),
            parse_options=csv.ParseOptions(
                delimiter=detect_separator(first_line(path, encoding), wanted), newlines_in_values=True
            ),
            convert_options=csv.ConvertOptions(null_values=MISSING, strings_can_be_null=True),
        )
        return table.rename_columns([name.strip() for name in table.column_names])
    except (OSError, ValueError, pa.ArrowNotImplementedError) as error:
        # the library's text quotes the row: only its counts are kept
        ragged = re.search(r"(?:Row #(\d+): )?Expected (\d+) columns, got (\d+)", str(error))
        fault = "it cannot be read. Give a CSV file with a header, or a Parquet file."
        if ragged:
            row, columns, cells = ragged.groups()
            fault = (
                f"{f'row {row}' if row else 'a row'} has {cells} cells where the header has {columns} columns. "
                "Put quotation marks round text with commas."
            )
    raise BadInput(f"{path}: {fault}")
