"""How long synthetic shares take, and how much memory: one million people of each preset, and how time grows with their number.

`python benchmarks/bench_synth.py [--people 1e6] [--large 1e7] [--preset moj-dfe]` writes benchmarks/out/synth.json. Seconds are the wall
clock's, from the start of the interpreter to its end; seconds of the processor stand beside them, which a busy machine lengthens less.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PRESETS = ("moj-dfe", "data-first", "learner-register", "justice-data-lab", "national")
CALL = """
import resource, sys
from pathlib import Path
from tallystick import synth
done = synth.write(sys.argv[1], Path(sys.argv[2]), people=int(float(sys.argv[3])), seed=1, form="parquet")
used = resource.getrusage(resource.RUSAGE_SELF)
size = sum(path.stat().st_size for path in Path(sys.argv[2]).rglob("*") if path.is_file())
print(sum(done.records.values()), used.ru_maxrss, used.ru_utime + used.ru_stime, size)
"""


def measured(preset: str, people: float) -> dict[str, float | str]:
    """Return seconds, megabytes at the peak, records and megabytes on disk of one preset, made in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        words = [sys.executable, "-c", CALL, preset, str(Path(folder) / "share"), str(people)]
        printed = subprocess.run(words, check=True, capture_output=True, text=True).stdout.split()
        seconds = time.perf_counter() - start
    return {
        "preset": preset,
        "people": people,
        "seconds": round(seconds, 1),
        "cpu_seconds": round(float(printed[2]), 1),
        "peak_mb": round(int(printed[1]) / 1024),
        "records": int(printed[0]),
        "disk_mb": round(int(printed[3]) / 1e6),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=float, default=1e6)
    parser.add_argument("--large", type=float, default=0)
    parser.add_argument("--preset", action="append", choices=PRESETS)
    asked = parser.parse_args()
    runs = [measured(name, asked.people) for name in asked.preset or PRESETS]
    if asked.large:
        runs.append(measured("moj-dfe", asked.large))
    out = Path(__file__).parent / "out" / "synth.json"
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps(runs, indent=2), encoding="utf-8")
    for run in runs:
        print(run)


if __name__ == "__main__":
    main()
