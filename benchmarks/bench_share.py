"""A whole share, from two suppliers' files to two projects' extracts: seconds and peak memory of `tally run`.

`python benchmarks/bench_share.py [PUPILS]` (default 500,000, with a fifth as many offenders). There is no rival that does the
whole; the bound is three minutes and 4 GB on two cores.
"""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RUNS = 3


def main() -> None:
    """Make the share once, run it three times, print the medians."""
    pupils = int(float(sys.argv[1])) if len(sys.argv) > 1 else 500_000
    tally = [sys.executable, "-m", "tallystick.cli.main"]
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "made"
        subprocess.run(
            [*tally, "synth", "moj-dfe", str(made), "--people", str(pupils), "--seed", "1"], check=True
        )
        seconds, accuracy = [], {}
        for number in range(RUNS):
            share = Path(folder) / f"run{number}"
            shutil.copytree(made, share)
            start = time.perf_counter()
            done = subprocess.run(
                [*tally, "run", str(share), "--json"], check=True, capture_output=True, text=True
            )
            seconds.append(time.perf_counter() - start)
            accuracy = json.loads(done.stdout)["accuracy"]
            shutil.rmtree(share)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
    result = {
        "pupils": pupils,
        "offenders": pupils // 5,
        "seconds": sorted(seconds)[RUNS // 2],
        "peak_gb": peak,
        "f1": accuracy["f1"],
    }
    out = Path(__file__).parent / "out"
    out.mkdir(exist_ok=True)
    (out / "share.json").write_text(json.dumps(result, indent=2))
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
