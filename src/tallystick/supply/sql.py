"""DuckDB in memory, shut off from files, the network and the caller's Python variables."""

from __future__ import annotations

from typing import Any

import duckdb


def connection() -> Any:
    """A fresh in-memory connection that can reach nothing outside itself."""
    return duckdb.connect(
        ":memory:", config={"enable_external_access": False, "python_enable_replacements": False}
    )


def quoted(name: str) -> str:
    """``name`` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
