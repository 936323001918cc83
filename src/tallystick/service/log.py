"""What the log says: no value of any answer, no address of a page, ever."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path


class Plain(logging.Formatter):
    """One line for each record: the level, the logger, and of an exception its class and place, never its message."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        where = ""
        if record.exc_info and record.exc_info[0] is not None:
            frames = traceback.extract_tb(record.exc_info[2])
            place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "nowhere"
            where = f" {record.exc_info[0].__name__} at {place}"
        status = getattr(record, "status_code", "")
        return f"{record.levelname} {record.name} {status}{where}".rstrip()
