"""Run a share in a process of its own and kill it, with no chance to tidy up, just before its n-th touch of the disk.

`python killing.py FOLDER [N]`: with N, dies at that touch with code 9; without, prints how many touches a whole run has.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

touches = 0
deadly = -1


def counted(original: Any) -> Any:
    """Return ``original`` with the count, and the death, before it."""

    def touch(*arguments: Any, **named: Any) -> Any:
        global touches
        touches += 1
        if touches == deadly:
            os._exit(9)
        return original(*arguments, **named)

    return touch


def main() -> None:
    """Patch what changes names on the disk or waits for it, then run."""
    global deadly
    folder = Path(sys.argv[1])
    deadly = int(sys.argv[2]) if len(sys.argv) > 2 else -1
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from tallystick.share.rooms import open_share
    from tallystick.share.run import run
    from worlds import CLOCK

    for name in ("replace", "unlink"):
        setattr(Path, name, counted(getattr(Path, name)))
    os.fsync = counted(os.fsync)
    done = run(open_share(folder), clock=CLOCK, engine="native")
    assert done.report
    sys.stdout.write(f"{touches}\n")


if __name__ == "__main__":
    main()
