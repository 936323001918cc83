"""Outputs that betray nobody: what may leave, protection of what may not, and the record of what did."""

from tallystick.disclosure.check import Checked, check_files, describe, limits_of
from tallystick.disclosure.grid import Dimension, Grid
from tallystick.disclosure.proof import Audit, audit
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
    "Release",
    "Review",
    "Suppressed",
    "audit",
    "check_files",
    "describe",
    "limits_of",
    "released_counts",
    "suppress",
    "verify",
    "write_release",
]
