"""Outputs that betray nobody: what may leave, protection of what may not, and the record of what did."""

from tallystick.disclosure.about import TableAbout
from tallystick.disclosure.check import Checked, check_files, check_tables, describe, limits_of
from tallystick.disclosure.grid import Dimension, Grid
from tallystick.disclosure.proof import Audit, audit
from tallystick.disclosure.protect import Protected, as_csv, protect
from tallystick.disclosure.release import Release, released_counts, verify, write_release
from tallystick.disclosure.review import Review
from tallystick.disclosure.rules import Limits
from tallystick.disclosure.suppression import Suppressed, suppress

__all__ = [
    "Audit",
    "Checked",
    "Dimension",
    "Grid",
    "Limits",
    "Protected",
    "Release",
    "Review",
    "Suppressed",
    "TableAbout",
    "as_csv",
    "audit",
    "check_files",
    "check_tables",
    "describe",
    "limits_of",
    "protect",
    "released_counts",
    "suppress",
    "verify",
    "write_release",
]
