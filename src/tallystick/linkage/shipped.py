"""The models that train themselves: on clear records, and on encoded ones."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from tallystick.errors import BadInput
from tallystick.linkage import person, train
from tallystick.linkage.pprl import model as encoded
from tallystick.linkage.spec import Engine

Settings = dict[str, Any]
Rules = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Shipped:
    """A model without its figures: ``settings(columns, rules, link_type, id_column)``, the rules that it may block by, the blocks
    that it trains in (with the comparisons that a block fixes, where their SQL does not tell), what is added once it is trained,
    and whether the native scorer knows its comparisons."""

    settings: Callable[[Collection[str], Collection[tuple[str, ...]], str, str], Settings]
    blocking: Rules
    blocks: tuple[Rules, ...]
    fixes: Mapping[tuple[str, ...], tuple[str, ...]]
    with_household: Callable[[Settings, Collection[str]], Settings]
    is_native: bool

    def engine(self, asked: Engine) -> Engine:
        """Return the engine that scores the model where ``asked`` is: Splink on DuckDB for what the native scorer does not know.

        Raises ``BadInput`` where such a model is asked for on Spark.
        """
        if self.is_native:
            return asked
        if asked == "spark":
            raise BadInput("Encoded files are compared in DuckDB. Leave out --engine spark.")
        return "splink"


PERSON = Shipped(
    person.settings, person.BLOCKING, (train.BLOCKS, train.SPARE_BLOCKS), {}, person.with_household, True
)


def for_encoded(by_chance: encoded.Chance) -> Shipped:
    """Return the model of encoded records whose fields agree by chance as often as ``by_chance`` says."""
    return Shipped(
        lambda columns, rules, link_type, id_column: encoded.settings(
            columns, rules, link_type, id_column, by_chance
        ),
        encoded.BLOCKING,
        (tuple(encoded.BLOCKS),),
        encoded.BLOCKS,
        encoded.with_household,
        is_native=False,
    )
