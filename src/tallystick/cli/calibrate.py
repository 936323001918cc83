"""`tally link calibrate`: probabilities that mean what they say, from pairs that people judged."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from tallystick.cli import output
from tallystick.cli.run import Json


def calibrate(
    pairs: Annotated[
        Path,
        typer.Argument(
            metavar="PAIRS", help="Scored pairs, as `tally link files` writes them (--threshold 0 keeps all)."
        ),
    ],
    answers: Annotated[
        Path,
        typer.Argument(
            metavar="JUDGED",
            help="Judged pairs (CSV or Parquet): source_l, <id>_l, source_r, <id>_r, answer (yes, no, unsure), "
            "and stands_for (how many pairs each stands for) where some weights were drawn more densely.",
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", help="Where the pairs go with calibrated probabilities (Parquet)."),
    ] = None,
    diagram: Annotated[
        Path | None, typer.Option("--diagram", help="Where the reliability diagram goes (SVG).")
    ] = None,
    id_column: Annotated[
        str, typer.Option("--id", help="The column that identifies a record in its file.")
    ] = "record_id",
    seed: Annotated[int, typer.Option("--seed", help="For the folds of the cross-validation.")] = 1,
    as_json: Json = False,
) -> None:
    """Say whether match probabilities mean what they say, and mend them, from pairs that people judged.

    The curve (as it was, logistic or isotonic; each pair of sources its own where 40 pairs were judged) is the one with the least log loss
    on pairs held back.
    """
    import numpy as np

    from tallystick.linkage import charts, judged
    from tallystick.linkage import files as plain

    for place in filter(None, (out, diagram)):
        plain.require_place(place)
    scored = plain.read(pairs)
    found = judged.judged(scored, plain.read(answers), id_column)
    made, figures = judged.calibrated(scored, found, np.random.default_rng(seed))
    if out is not None:
        plain.write(made, out)
    if diagram is not None:
        plain.write_text(charts.reliability_chart(figures["diagram"]), diagram)
    if as_json:
        output.say(figures, as_json=True)
        return
    output.table(
        [
            (
                f"{bar['low']:.1f} to {bar['high']:.1f}",
                bar["judged"],
                f"{bar['probability']:.3f}",
                f"{bar['true']:.3f}",
                f"{bar['true_low']:.3f} to {bar['true_high']:.3f}",
            )
            for bar in figures["diagram"]
        ],
        header=("probability", "judged", "the model says", "true", "95 % interval"),
    )
    output.line(told(figures))


def told(figures: Mapping[str, Any]) -> str:
    """Return what the calibration came to, in lines for a person."""
    lines = [
        f"{figures['pairs']} judged pairs; curve: {figures['method']}"
        + (f", own curves for {'; '.join(figures['by_sources'])}" if figures["by_sources"] else "")
        + ".",
        f"expected calibration error: {figures['error_before']:.4f} as the probabilities were "
        f"(a sample of this size shows {figures['error_by_chance']:.4f} by chance alone)",
    ]
    if figures["error_after"] is not None:
        lines.append(f"after calibration, on pairs held back: {figures['error_after']:.4f}")
    if figures.get("unknown"):
        lines.append(f"{figures['unknown']} judged pairs are not among the scored ones and were left out.")
    return "\n".join(lines)
