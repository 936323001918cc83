"""What to link and how, as one frozen value, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pyarrow as pa

Engine = Literal["native", "splink", "spark"]
Stages = Literal["keys-then-model", "keys"]
Offsets = Mapping[tuple[str, str], float]


@dataclass(frozen=True)
class MatchKey:
    """Parts of a record that must all agree for a link (``keys`` says which there are), and the name of the stage."""

    on: tuple[str, ...]
    name: str = ""


@dataclass(frozen=True)
class LinkageSpec:
    """How a set of sources is linked.

    ``model`` is ``"person"`` (it trains itself on the data) or a trained Splink settings dictionary, used as it is.
    ``threshold`` is a match probability; ``master`` the address of the Spark cluster, where Spark is the engine.
    ``pairs_per_record`` bounds the candidate pairs of the person model's blocking.
    ``always`` and ``never`` are pairs of (source, id) that people decided; they stand over the model, and where they
    contradict each other ``never`` holds. ``keys`` are match keys, the strictest first; ``stages`` says whether they come before the
    model or stand alone. ``at`` are further thresholds, and ``layers`` asks for ids within each source: columns of ``persons``
    (``levels``). ``one_to_one`` binds persons, not records, and holds by construction: persons are a
    partition of the records of all sources.
    """

    model: str | Mapping[str, Any] = "person"
    threshold: float = 0.5
    engine: Engine = "native"
    master: str = "local[*]"
    one_to_one: bool = True
    id_column: str = "record_id"
    pairs_per_record: float = 100.0
    seed: int = 1
    always: tuple[tuple[tuple[str, str], tuple[str, str]], ...] = ()
    never: tuple[tuple[tuple[str, str], tuple[str, str]], ...] = ()
    keys: tuple[MatchKey, ...] = ()
    stages: Stages = "keys-then-model"
    at: tuple[float, ...] = ()
    layers: bool = False


@dataclass(frozen=True)
class Linked:
    """A linkage: the links, the persons, the trained model and what is known of its quality.

    ``links``: source_l, <id>_l, source_r, <id>_r, match_weight, match_probability, sorted by the first four; with match keys also
    ``stage``: the key's name, ``model`` or ``decided`` (null in ``scored`` for a pair that no stage may use).
    ``persons``: source, <id>, person_id, match_probability, sorted; every record once.
    ``scored``: every pair that was scored and kept, in the columns of ``links``, also those under the threshold: what a review samples.
    ``notes`` are sentences for the user: columns without a part, values that could not be read.
    What a refresh needs: ``records`` are the sources as the model reads them (cleaned, where ``is_standard``), ``pairs`` all that was
    scored, before anyone's decisions, ``offsets`` the bits that a pair of sources adds to the model's weights (null where a given
    model was used as it is). ``lineage`` says what became of the ids of an earlier linkage; it is empty after a first one.
    ``digests`` are those of the rows of ``records`` (``state``), after a refresh, which needed them.
    """

    links: pa.Table
    persons: pa.Table
    model: Mapping[str, Any]
    quality: Mapping[str, Any]
    scored: pa.Table
    records: Mapping[str, pa.Table]
    pairs: pa.Table
    offsets: Offsets | None
    is_standard: bool
    lineage: pa.Table
    notes: tuple[str, ...] = field(default=())
    digests: Mapping[str, pa.ChunkedArray] = field(default_factory=dict)
