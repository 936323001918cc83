"""How long synthetic shares take, and how much memory: one million people, and how time grows with their number.

`python benchmarks/bench_synth.py [--people 1e6] [--twice 1e7]` writes benchmarks/out/synth.json.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CALL = """
import resource, sys
from pathlib import Path
from tallystick import synth
done = synth.write(sys.argv[1], Path(sys.argv[2]), people=int(float(sys.argv[3])), seed=1, form="parquet")
print(sum(done.records.values()), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def measured(preset: str, people: float) -> dict[str, float | str]:
    """Return seconds, megabytes at the peak and records of one preset, made in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        words = [sys.executable, "-c", CALL, preset, str(Path(folder) / "share"), str(people)]
        printed = subprocess.run(words, check=True, capture_output=True, text=True).stdout.split()
        seconds = time.perf_counter() - start
    return {
        "preset": preset,
        "people": people,
        "seconds": round(seconds, 1),
        "peak_mb": round(int(printed[1]) / 1024),
        "records": int(printed[0]),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=float, default=1e6)
    parser.add_argument("--large", type=float, default=0)
    asked = parser.parse_args()
    runs = [
        measured(name, asked.people)
        for name in ("moj-dfe", "data-first", "learner-register", "justice-data-lab", "national")
    ]
    if asked.large:
        runs.append(measured("moj-dfe", asked.large))
    out = Path(__file__).parent / "out" / "synth.json"
    out.parent.mkdir(exist_ok=True)
    out.write_text(json.dumps(runs, indent=2), encoding="utf-8")
    for run in runs:
        print(run)


if __name__ == "__main__":
    main()
