"""A board's pack, from four agencies' returns to a page and a workbook: seconds of `tally pack build` and of its parts.

`python benchmarks/bench_pack.py`: the worked board (36 months, 12 measures, 5,357 figures). The bound is five seconds on two cores. The rival is
odfpy, for the same workbook.
"""

from __future__ import annotations

import io
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

RUNS = 3
ON = "2026-07-01"


def seconds(work: Callable[[], Any]) -> tuple[float, float]:
    """Return the wall's and the processor's seconds of one call."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def main() -> None:
    """Build the pack three times as a command and three times inside, print the medians."""
    from tallystick.share.acts import Clock
    from tallystick.share.pack import build
    from tallystick.share.rooms import open_share

    tally = [sys.executable, "-m", "tallystick.cli.main"]
    walls, inside, made = [], [], None
    with tempfile.TemporaryDirectory() as folder:
        for number in range(RUNS):
            share = Path(folder) / str(number)
            subprocess.run(
                [*tally, "synth", "local-performance", str(share), "--people", "600000", "--seed", "1"],
                check=True,
                capture_output=True,
            )
            command = [*tally, "pack", "build", str(share), "--on", ON, "--json"]
            start = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            walls.append(time.perf_counter() - start)
            again = Path(folder) / f"inside{number}"
            share.rename(again)
            (again / "series" / "cells.parquet").unlink()
            (again / "series" / "figures.parquet").unlink()
            clock = Clock("bench", datetime(2026, 7, 2, tzinfo=UTC))
            inside.append(
                seconds(
                    lambda where=again, who=clock: build(open_share(where), clock=who, on=date(2026, 7, 1))
                )
            )  # type: ignore[misc]
            made = again / "packs" / ON / "pack.ods"
        assert made is not None
        rival = seconds(lambda: with_odfpy(made))
    result = {
        "command_seconds": statistics.median(walls),
        "build_seconds": statistics.median(wall for wall, _ in inside[1:]),
        "build_processor_seconds": statistics.median(cpu for _, cpu in inside[1:]),
        "workbook_by_odfpy_processor_seconds": rival[1],
    }
    out = Path(__file__).parent / "out"
    out.mkdir(exist_ok=True)
    (out / "pack.json").write_text(json.dumps(result, indent=2))
    print(json.dumps(result, indent=2))


def with_odfpy(path: Path) -> bytes:
    """Return the workbook's cells written again by odfpy."""
    from odf.opendocument import OpenDocumentSpreadsheet
    from odf.table import Table, TableCell, TableRow
    from odf.text import P

    from tallystick.performance.sheets import open_sheets

    document = OpenDocumentSpreadsheet()
    for sheet in open_sheets(path):
        table = Table(name=sheet.name)
        for row in sheet.rows:
            line = TableRow()
            for cell in row:
                made = TableCell(valuetype="string")
                made.addElement(P(text=cell.text))
                line.addElement(made)
            table.addElement(line)
        document.spreadsheet.addElement(table)
    out = io.BytesIO()
    document.write(out)
    return out.getvalue()


if __name__ == "__main__":
    main()
