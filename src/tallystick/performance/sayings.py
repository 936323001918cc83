"""What the labels, headings and title of a table say of a figure: its measure, area, period and groups; faults by their cell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from tallystick.errors import Finding
from tallystick.performance import periods
from tallystick.performance.definitions import Measure, folded
from tallystick.performance.periods import Period
from tallystick.performance.values import without_footnotes
from tallystick.performance.vocabulary import CODE, TOTALS, Vocabulary, category, measure_in


@dataclass
class Facts:
    """What is known of one figure while its labels and headings are read."""

    measure: Measure | None = None
    name: str = ""
    area: str = ""
    period: Period | None = None
    groups: list[str] = field(default_factory=list)
    extra: dict[str, Any] = field(default_factory=dict)


class Faults:
    """The findings of one file, each rule and place kept once."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.told: set[str] = set()

    def fault(self, rule: str, where: str, message: str, remedy: str) -> None:
        """Keep what must be mended."""
        self._keep(Finding(f"read.{rule}", message, remedy, where, "289", "guidance §6"))

    def warn(self, rule: str, where: str, message: str, remedy: str) -> None:
        """Keep what should be looked at."""
        self._keep(Finding(f"read.{rule}", message, remedy, where, "289", "guidance §6", "warn"))

    def _keep(self, found: Finding) -> None:
        if f"{found.rule}|{found.where}" not in self.told:
            self.told.add(f"{found.rule}|{found.where}")
            self.findings.append(found)


class Sayings:
    """Takes words of a file into the facts of a figure, by the names that ``measures.toml`` gives; keeps a fault where it cannot."""

    def __init__(self, words: Vocabulary, faults: Faults) -> None:
        self.words, self.faults = words, faults

    def reads(self, text: str) -> bool:
        """Whether a text names a period."""
        try:
            return periods.read(text) is not None
        except periods.Ambiguous:
            return False

    def label(self, facts: Facts, role: str, heading: str, value: object, where: str) -> bool:
        """Take one label; return whether it could be read."""
        text = str(value).strip()
        if role == "period":
            found = self.period(value, where)
            facts.period = found
            return found is not None
        if role in ("area", "code"):
            return self.take_area(facts, text, where, is_code=role == "code")
        if role == "measure":
            return self.take_measure(facts, text, where)
        if role in ("published", "embargo"):
            found_day = day(value)
            if found_day is None:
                self.faults.fault("day", where, f"The {role} date cannot be read.", "Write it as 2025-10-24.")
                return False
            facts.extra[role] = found_day
            return True
        if role == "validation":
            word = folded(text)
            states = {"mi": "management information", "management information": "management information",
                      "unvalidated": "management information", "provisional": "management information",
                      "validated": "validated", "final": "validated", "official statistics": "validated"}  # fmt: skip
            if word not in states:
                self.faults.fault("validation", where, "The state of validation is none that is known.",
                           "Write 'management information' or 'validated'.")  # fmt: skip
                return False
            facts.extra["validation"] = states[word]
            return True
        if role == "mark":
            facts.extra["mark"] = text.strip("[]").lower()
            return True
        if role == "ignored":
            return True
        return self.take_other(facts, role, heading, text, where)

    def take_other(self, facts: Facts, role: str, heading: str, text: str, where: str) -> bool:
        """Take a label of a column whose heading is no role: a period, measure, area, or a group named by the heading."""
        word = folded(text)
        if role != "category":
            if self.reads(text):
                facts.period = periods.read(text)
                return True
            if word in self.words.measures:
                return self.take_measure(facts, text, where)
            if word in self.words.areas:
                return self.take_area(facts, text, where)
            if word in self.words.left_out:
                facts.extra["left_out"] = True
                return True
        group = category("" if role == "category" else heading, text)
        if group is None:
            self.faults.fault(
                "group",
                where,
                "The group does not say of what.",
                "Write it with its dimension, such as sex: female.",
            )
            return False
        facts.groups.append(group)
        return True

    def period(self, value: object, where: str) -> Period | None:
        """Return the period, or keep a fault."""
        if isinstance(value, str):
            value = unmarked(without_footnotes(value))
        try:
            found = periods.read(value)
        except periods.Ambiguous as reading:
            self.faults.fault(
                "period",
                where,
                "The period has two readings.",
                f"{str(reading)[0].upper()}{str(reading)[1:]}.",
            )
            return None
        if found is None:
            self.faults.fault("period", where, "The period cannot be read.",
                       "Write a month as 2025-03, a quarter as 2025-Q1, a financial year as 2024/25.")  # fmt: skip
        return found

    def take_area(self, facts: Facts, text: str, where: str, *, is_code: bool = False) -> bool:
        """Take an area's name or code; a code counts where no name is given."""
        known = self.words.areas.get(folded(text))
        if known or (not self.words.areas and not is_code):
            facts.area = known or " ".join(text.split())
            return True
        if is_code or CODE.fullmatch(text):
            facts.area = facts.area or ("" if is_code and self.words.areas else text)
            return True
        if self.words.areas:
            self.faults.fault("area", where, "The area is none of those that measures.toml lists.",
                       "Correct it, or add it as an [[area]] or an alias of one.")  # fmt: skip
            return False
        return True

    def take_measure(self, facts: Facts, text: str, where: str) -> bool:
        """Take a measure's name."""
        word = folded(text)
        if word in self.words.left_out:
            facts.extra["left_out"] = True
            return True
        known = self.words.measures.get(word)
        if known is None and not self.words.is_open:
            self.faults.fault("measure", where, "The measure is none of those that measures.toml defines.",
                       "Correct its name, add it as an alias, define it, or list it under left_out.")  # fmt: skip
            return False
        facts.measure, facts.name = known, known.id if known else word
        return True

    def from_words(self, words: list[str], facts: Facts) -> list[str]:
        """Take what headings or a section say; return the words that were none of measure, area, period or total."""
        left = []
        for word in joined(words, self.reads):
            text = folded(word)
            if not text or text in TOTALS:
                continue
            if text in self.words.measures:
                facts.measure, facts.name = self.words.measures[text], self.words.measures[text].id
            elif text in self.words.areas:
                facts.area = self.words.areas[text]
            elif text in self.words.left_out:
                facts.extra["left_out"] = True
            elif self.reads(unmarked(word)):
                facts.period = periods.read(unmarked(word))
            else:
                left.append(word)
        return left

    def title(self, title: str, facts: Facts) -> None:
        """Take what the table's title says where nothing nearer does."""
        if not facts.name:
            found = measure_in(title, self.words)
            if found:
                facts.measure, facts.name = found, found.id

    def remaining(self, facts: Facts, left: list[str], where: str) -> bool:
        """Take the words of a heading that are no known name: a measure where there is none yet, else a group."""
        if left and not facts.name and self.words.is_open:
            facts.name = folded(left.pop(0))
        if left and not facts.name:
            self.faults.fault("measure", where, "The heading is no measure that measures.toml defines.",
                       "Add it as an alias, define it, or list it under left_out.")  # fmt: skip
            return False
        if left:
            group = category(left[-2] if len(left) > 1 else "", left[-1])
            if group is None:
                self.faults.fault("group", where, "The heading is no measure, area, period or group that is known.",
                           "Add it as an alias in measures.toml, or list it under left_out.")  # fmt: skip
                return False
            facts.groups.append(group)
        return True


def unmarked(text: str) -> str:
    """Return a period's text without the marks of its state."""
    return text.replace("[p]", "").replace("[r]", "").replace("(p)", "").strip()


def joined(words: list[str], reads: Callable[[str], bool]) -> list[str]:
    """Return the words with two that make one period together as one: 2024 over Q3."""
    made: list[str] = []
    for word in words:
        both = unmarked(f"{made[-1]} {word}") if made else ""
        if both and reads(both) and (reads(made[-1]) or not reads(unmarked(word))):
            made[-1] = both
        else:
            made.append(word)
    return made


def day(value: object) -> date | None:
    """Return the day that a cell names, or None."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    text = str(value).strip()
    for shape in ("%Y-%m-%d", "%d %B %Y", "%d %b %Y", "%d/%m/%Y"):
        try:
            return datetime.strptime(text, shape).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    return None
