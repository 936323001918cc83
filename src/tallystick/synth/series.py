"""The monthly series of a local criminal justice board's agencies: counts and medians, about nobody."""

from __future__ import annotations

from typing import Any

import numpy as np

from tallystick.synth.geography import geography
from tallystick.synth.streams import Streams

MEASURES = {
    "police": ("recorded crimes", "stops and searches", "arrests"),
    "charging": ("charging decisions", "charges", "guilty pleas at first hearing"),
    "courts": ("receipts", "disposals", "open cases"),
    "probation": ("starts", "completions", "recalls"),
}
MONTHS = 60


def table(seed: int, agency: str, people: int, last_month: str = "2025-12") -> dict[str, Any]:
    """Return one agency's series: each area, month and measure, with a level, a season, a trend and noise."""
    streams = Streams(seed, f"series/{agency}")
    areas = sorted(set(geography().authority.tolist()))[:12]
    months = np.arange(np.datetime64(last_month) - MONTHS + 1, np.datetime64(last_month) + 1)
    size = len(areas) * MONTHS * len(MEASURES[agency])
    ids = np.arange(size, dtype=np.uint64)
    measure, rest = np.divmod(np.arange(size), len(areas) * MONTHS)
    area, month = np.divmod(rest, MONTHS)
    pairs = (measure * 1000 + area).astype(np.uint64)
    level = (0.5 + streams.uniform("level", pairs)) * people / len(areas) * 0.004
    season = 1 + 0.08 * np.abs((month % 12) - 6) / 6
    trend = 1 + (streams.uniform("trend", pairs) - 0.4) * month / MONTHS * 0.4
    noise = np.clip(1 + 0.06 * streams.bell("noise", ids), 0.5, 1.5)
    days = 20 + 60 * streams.uniform("days", pairs) * trend * noise
    return {
        "record_id": np.array([f"{agency}-{n:06d}" for n in range(size)], dtype=object),
        "area": np.array(areas, dtype=object)[area],
        "month": months[month].astype("datetime64[D]"),
        "measure": np.array(MEASURES[agency], dtype=object)[measure],
        "count": np.floor(level * season * trend * noise).astype(np.int64),
        "median_days": np.floor(days * 10) / 10,
    }
