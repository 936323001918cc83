"""Run `tally` in a process of its own and stop it just before its n-th touch of the disk.

`python stopping.py kill|term|int N WORDS…`: killed with no chance to tidy up, told to terminate, or Ctrl+C; with N = 0 it runs to its
end. The number of touches is the last line of standard error, unless it was killed.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

SIGNALS = {"kill": signal.SIGKILL, "term": signal.SIGTERM, "int": signal.SIGINT}
touches = 0


def main() -> None:
    """Patch what writes to the disk or changes names on it, then run."""
    how, deadly, words = sys.argv[1], int(sys.argv[2]), sys.argv[3:]

    def counted(original: Any) -> Any:
        def touch(*arguments: Any, **named: Any) -> Any:
            global touches
            touches += 1
            if touches == deadly:
                os.kill(os.getpid(), SIGNALS[how])
            return original(*arguments, **named)

        return touch

    import pyarrow.parquet as pq

    for name in ("replace", "unlink", "rename", "write_text", "write_bytes", "mkdir"):
        setattr(Path, name, counted(getattr(Path, name)))
    os.fsync = counted(os.fsync)
    pq.write_table = counted(pq.write_table)
    from tallystick.cli.main import main as tally

    try:
        tally(words)
    finally:
        sys.stderr.write(f"{touches}\n")


if __name__ == "__main__":
    main()
