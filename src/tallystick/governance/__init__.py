"""Requests, assessments, boards, retention, rights, incidents, registers: states, clocks and the rules that guard them.

Pure: `decide(registry, command)` gives events or refuses, `evolve(registry, event)` gives state. Nothing here knows a folder, an
account or HTTP but `journal`, which keeps the events of a share in a file.
"""

from tallystick.governance.cases import EMPTY, Case, Command, Event, Registry, evolve, fold
from tallystick.governance.decisions import decide
from tallystick.governance.rules import HELD_OTHERWISE, RULES
from tallystick.governance.tables.processes import PROCESSES
from tallystick.governance.tables.questions import QUESTIONS
from tallystick.governance.triage import Triage, triage

__all__ = [
    "EMPTY",
    "HELD_OTHERWISE",
    "PROCESSES",
    "QUESTIONS",
    "RULES",
    "Case",
    "Command",
    "Event",
    "Registry",
    "Triage",
    "decide",
    "evolve",
    "fold",
    "triage",
]
