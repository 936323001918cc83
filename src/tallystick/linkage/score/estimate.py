"""Training at scale: u from pairs drawn at random, m by expectation-maximisation on counted patterns, the prior from sure rules.

The method is Splink's, with ``estimate_without_term_frequencies`` (Fellegi and Sunter 1969; Winkler 1988; Linacre et al.
2022, *International Journal of Population Data Science* 7(3)): on the same pairs the estimates are Splink's. It differs in two
ways. Random pairs are drawn one by one, not as all pairs of some records, so that they do not hang together. And
a level that no pair showed gets the probability of half a pair, where Splink leaves the model untrained.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from statistics import median
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import sqlglot

from tallystick.errors import BadInput
from tallystick.linkage.score import patterns as counted
from tallystick.linkage.score.columns import Records, encode
from tallystick.linkage.score.links import same_of, score
from tallystick.linkage.score.model import read
from tallystick.linkage.score.patterns import Patterns
from tallystick.linkage.score.program import Program
from tallystick.linkage.score.result import in_order_of_id

Floats = npt.NDArray[np.float64]
Progress = Callable[[float, str], None]


@dataclass(frozen=True)
class Training:
    """What to train on. ``em_rules``: blocking rules for m, each comparison from those that do not read its columns;
    ``sure_rules``: rules whose pairs are taken for true, which find the share ``recall`` of all true ones (for the prior)."""

    em_rules: tuple[str, ...]
    sure_rules: tuple[str, ...] = ()
    recall: float | None = None
    random_pairs: int = 5_000_000
    em_pairs: int = 20_000_000
    seed: int = 1


@dataclass(frozen=True)
class Session:
    """One rule's estimate: its pairs, the share of true ones among them, and the comparisons that it says m of."""

    rule: str
    pairs: int
    true_share: float
    iterations: int
    is_settled: bool
    comparisons: tuple[str, ...]


@dataclass(frozen=True)
class Trained:
    """A model with its probabilities, and how it came by them."""

    settings: dict[str, Any]
    random_pairs: int
    sessions: tuple[Session, ...]
    prior: float
    notes: tuple[str, ...]


def estimate(
    tables: Mapping[str, pa.Table],
    settings: Mapping[str, Any],
    training: Training,
    *,
    id_column: str = "record_id",
    progress: Progress = lambda done, text: None,
) -> Trained:
    """Return ``settings`` (Splink's, trained or not) with m, u and the prior estimated from the records in ``tables``.

    Raises BadInput where a rule cannot be read, holds no pairs, or leaves a comparison without a rule that says m of it,
    and where the sure rules hold more pairs than their recall allows; NotKnown for a level that only Splink can follow.
    """
    model = _Model(settings, training)
    program = _program(model.dictionary(), training, id_column)
    sources = sorted(tables, key=lambda source: source + "-__-")
    sorted_tables = {source: in_order_of_id(tables[source], id_column, source) for source in sources}
    records = encode(program, sorted_tables, sources)
    same = same_of(program, len(sources))
    model.require_covered()
    model.prior = _prior(program, records, same, training, model.prior)
    progress(0.2, "pairs drawn at random")
    seen = counted.of_random(program, records, same, training.random_pairs, training.seed)
    model.set_u(seen)
    sessions = []
    for number, sql in enumerate(training.em_rules):
        progress(
            0.3 + 0.7 * number / len(training.em_rules), f"rule {number + 1} of {len(training.em_rules)}"
        )
        one = counted.of_rule(
            program, records, program.rules[number], same, training.em_pairs, training.seed + number
        )
        if not one.pairs:
            raise BadInput(f"The rule {sql} holds no pairs, so nothing can be learnt from it. Give another.")
        sessions.append(model.maximise(sql, one))
    return Trained(model.dictionary(), seen.pairs, tuple(sessions), model.prior, tuple(model.notes))


def _program(settings: Mapping[str, Any], training: Training, id_column: str) -> Program:
    """Return the program with the rules of training in place of the model's own."""
    rules = [*training.em_rules, *training.sure_rules]
    plain = {
        **settings,
        "comparisons": [
            {
                **comparison,
                "comparison_levels": [
                    {name: value for name, value in level.items() if not name.startswith("tf_")}
                    for level in comparison["comparison_levels"]
                ],
            }
            for comparison in settings["comparisons"]
        ],
        "blocking_rules_to_generate_predictions": rules,
    }
    try:
        return read(plain, id_column)
    except sqlglot.errors.SqlglotError:
        raise BadInput(
            "A rule or a level is not SQL that can be read. Rules look like: l.surname = r.surname"
        ) from None


def _prior(program: Program, records: Records, same: int, training: Training, before: float) -> float:
    """Return the probability that two records drawn at random are one person's: the sure pairs over their recall."""
    if not training.sure_rules or training.recall is None:
        return before
    sure = replace(program, rules=program.rules[len(training.em_rules) :])
    found = score(sure, records, np.inf, same=same).candidates
    possible = counted.possible_pairs(records.sizes, same)
    if not found:
        raise BadInput("The sure rules hold no pairs, so no prior can be had from them. Give others.")
    if found > possible * training.recall:
        raise BadInput(
            f"The sure rules hold {found:,} of {possible:,} possible pairs: more than a recall of {training.recall} allows. "
            "Make them stricter, or the recall higher."
        )
    return found / training.recall / possible


class _Model:
    """The model in training: Splink's settings, whose levels take what is estimated, rule after rule, as in Splink."""

    def __init__(self, settings: Mapping[str, Any], training: Training) -> None:
        from splink.internals.parse_sql import get_columns_used_from_sql
        from splink.internals.settings_creator import SettingsCreator

        try:
            self.settings = SettingsCreator.from_path_or_dict(dict(settings)).get_settings("duckdb")
            self._dictionary = SettingsCreator.from_path_or_dict(dict(settings)).create_settings_dict(
                "duckdb"
            )
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise BadInput(
                f"The model is not Splink settings ({type(error).__name__}). Give the JSON that Splink saved."
            ) from error
        self.comparisons = self.settings.core_model_settings.comparisons
        self.prior = float(self.settings.core_model_settings.probability_two_random_records_match)
        self.found: dict[str, list[Floats]] = {each.output_column_name: [] for each in self.comparisons}
        self.notes: list[str] = []
        try:
            used = cast(Callable[[str, str], list[str]], get_columns_used_from_sql)
            self.reads = {sql: set(used(sql, "duckdb")) for sql in training.em_rules}
        except sqlglot.errors.SqlglotError:
            raise BadInput(
                "A rule is not SQL that can be read. Rules look like: l.surname = r.surname"
            ) from None

    def _free(self, sql: str) -> list[int]:
        """Return the numbers of the comparisons that read none of a rule's columns: those that it can say m of."""
        return [
            number
            for number, comparison in enumerate(self.comparisons)
            if not self.reads[sql]
            & {column.input_name for column in comparison._input_columns_used_by_case_statement}
        ]

    def require_covered(self) -> None:
        """Raise BadInput where no rule says m of a comparison."""
        covered = {number for sql in self.reads for number in self._free(sql)}
        for number, comparison in enumerate(self.comparisons):
            if number not in covered:
                raise BadInput(
                    f"Every rule of training reads a column of the comparison {comparison.output_column_name}, so none can say "
                    "how often it agrees among true pairs. Add a rule on other columns."
                )

    def set_u(self, seen: Patterns) -> None:
        """Take u from the patterns of random pairs: nearly none of them is a true one."""
        for number, comparison in enumerate(self.comparisons):
            counts = _by_level(seen, number, comparison, seen.counts.astype(np.float64))
            for level, value in zip(_levels(comparison), self._shares(counts, comparison, "u"), strict=True):
                if not level._fix_u_probability:
                    level.u_probability = value

    def maximise(self, sql: str, seen: Patterns) -> Session:
        """Take m, of the comparisons that the rule leaves free, from the patterns of its pairs."""
        free = self._free(sql)
        spec = self.settings.training_settings
        tables = [_tables(self.comparisons[number]) for number in free]
        m = [table[0] for table in tables]
        places = [_places(self.comparisons[number])[seen.levels[:, number]] for number in free]
        odds = self._odds_in_block(sql)
        weights = seen.counts.astype(np.float64)
        share, change, iteration = odds / (1 + odds), 1.0, 0
        while iteration < spec.max_iterations and change >= spec.em_convergence:
            iteration += 1
            bits = np.full(len(weights), np.log2(share / (1 - share)))
            for (_, u), one, place in zip(tables, m, places, strict=True):
                bits += np.append(np.log2(one / u), 0.0)[place]  # the last: null, which says nothing
            true = weights / (1 + np.exp2(-np.clip(bits, -1000, 1000)))
            before, share = share, float(np.clip(true.sum() / weights.sum(), 1e-12, 1 - 1e-12))
            change = abs(share - before)
            for k, place in enumerate(places):
                counts = _sums(place, true, len(m[k]))
                new = np.maximum(counts, 1e-300) / max(counts.sum(), 1e-300)
                change = max(change, float(np.abs(new - m[k]).max()))
                m[k] = new
        for number, place in zip(free, places, strict=True):
            comparison = self.comparisons[number]
            counts = _sums(place, true, len(_levels(comparison)))
            self.found[comparison.output_column_name].append(self._shares(counts, comparison, "m"))
            self._take_m(comparison)
        names = tuple(self.comparisons[number].output_column_name for number in free)
        return Session(sql, seen.pairs, share, iteration, change < spec.em_convergence, names)

    def _take_m(self, comparison: Any) -> None:
        """Take the median of what the rules so far say, as Splink does."""
        for number, level in enumerate(_levels(comparison)):
            if not level._fix_m_probability:
                level.m_probability = median(
                    each[number] for each in self.found[comparison.output_column_name]
                )

    def _odds_in_block(self, sql: str) -> float:
        """Return the odds, to begin with, that a pair of a rule's block is true: the prior's, times what its agreement says."""
        odds = self.prior / (1 - self.prior)
        for info in self.settings._get_comparison_levels_corresponding_to_training_blocking_rule(
            blocking_rule_sql=sql, sqlglot_dialect="duckdb", comparisons=self.comparisons
        ):
            odds *= float(info["level"]._bayes_factor)
        return float(np.clip(odds, 1e-12, 1e12))

    def _shares(self, counts: Floats, comparison: Any, which: str) -> Floats:
        """Return the share of each level; where a level has none, that of half a pair, with a note."""
        total = max(float(counts.sum()), 1.0)
        for level, count in zip(_levels(comparison), counts, strict=True):
            if count < 1e-9:
                self.notes.append(
                    f"{comparison.output_column_name}, level “{level.label_for_charts}”: no pair shows it, so its {which} is "
                    "put at half a pair."
                )
        return np.where(counts < 1e-9, 0.5, counts) / total

    def dictionary(self) -> dict[str, Any]:
        """Return the settings as Splink saves them, with the probabilities as they now are."""
        comparisons = []
        for comparison, made in zip(self._dictionary["comparisons"], self.comparisons, strict=True):
            levels = [
                dict(level)
                if own.is_null_level
                else {
                    **level,
                    "m_probability": own.m_probability,
                    "u_probability": own.u_probability,
                }
                for level, own in zip(comparison["comparison_levels"], made.comparison_levels, strict=True)
            ]
            comparisons.append({**comparison, "comparison_levels": levels})
        return {
            **self._dictionary,
            "comparisons": comparisons,
            "probability_two_random_records_match": self.prior,
        }


def _levels(comparison: Any) -> list[Any]:
    return list(comparison._comparison_levels_excluding_null)


def _places(comparison: Any) -> npt.NDArray[np.int64]:
    """Return, for each level of a comparison, its number among those that are not null; those last, one after the end."""
    is_null = np.array([level.is_null_level for level in comparison.comparison_levels])
    return np.where(is_null, int((~is_null).sum()), np.cumsum(~is_null) - 1)


def _by_level(seen: Patterns, number: int, comparison: Any, weights: Floats) -> Floats:
    """Return the pairs at each level that is not null."""
    place = _places(comparison)[seen.levels[:, number]]
    return _sums(place, weights, len(_levels(comparison)))


def _sums(place: npt.NDArray[np.int64], weights: Floats, count: int) -> Floats:
    """Return the weights added up by level; those of null, the place after the last, left out."""
    return np.asarray(np.bincount(place, weights=weights, minlength=count + 1)[:-1], dtype=np.float64)


def _tables(comparison: Any) -> tuple[Floats, Floats]:
    """Return m and u of a comparison's levels as they now are."""
    levels = _levels(comparison)
    return (
        np.array([level.m_probability for level in levels], dtype=np.float64),
        np.array([level.u_probability for level in levels], dtype=np.float64),
    )
