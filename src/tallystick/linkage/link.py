"""The linkage of a set of sources from raw tables to persons: clean, train, score, calibrate, resolve (`outcome`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pyarrow as pa

from tallystick.errors import BadInput
from tallystick.linkage import clean, engines, keys, pprl, prepare
from tallystick.linkage.fit import FLOOR, fitted
from tallystick.linkage.lineage import Earlier
from tallystick.linkage.outcome import finished, further
from tallystick.linkage.shipped import for_encoded
from tallystick.linkage.spec import LinkageSpec, Linked


def link(tables: Mapping[str, pa.Table], spec: LinkageSpec, earlier: Earlier | None = None) -> Linked:
    """Return links and persons of the records in ``tables`` (source name to table); one source is de-duplicated.

    The persons keep the ids of ``earlier`` persons, where those are given; all else is made anew.
    Raises ``BadInput`` for ids that are missing or repeat, for sources without a common column that the model knows, and for
    a model that is not trained or reads columns that are not there.
    """
    if not tables:
        raise BadInput("There is nothing to link. Give at least one file.")
    for source, table in tables.items():
        clean.record_ids(table, spec.id_column, source)
    spec = replace(spec, keys=keys.checked(spec.keys))
    further(spec)
    if pprl.are_encoded(tables):
        return _of_encoded(tables, spec, earlier)
    if spec.model == "person":
        cleaned = {
            source: clean.standard(tables[source], spec.id_column, source) for source in sorted(tables)
        }
        sources, notes = prepare.for_the_person_model(cleaned, spec.id_column)
        keys.require_sharp(sources, spec)
        fit = fitted(sources, spec)
        return finished(
            sources,
            fit.scored,
            fit.model,
            spec,
            offsets=fit.offsets,
            is_standard=True,
            earlier=earlier,
            notes=(*notes, *fit.notes),
        )
    if isinstance(spec.model, str):
        raise BadInput(f"There is no shipped model {spec.model!r}. Use 'person' or a Splink settings file.")
    sources, notes, is_standard = prepare.as_the_model_reads(
        tables, spec.model, spec.id_column, keys.columns_read(spec.keys)
    )
    keys.require_sharp(sources, spec)
    scored = engines.links(
        spec.engine,
        keys.with_parts(sources, spec.keys),
        keys.with_rules(spec.model, spec),
        min(spec.threshold, FLOOR),
        id_column=spec.id_column,
        master=spec.master,
    )
    return finished(sources, scored, spec.model, spec, is_standard=is_standard, earlier=earlier, notes=notes)


def _of_encoded(tables: Mapping[str, pa.Table], spec: LinkageSpec, earlier: Earlier | None) -> Linked:
    """Return the linkage of encoded sources: by the model for them, trained on them, or by a given one."""
    if spec.keys:
        raise BadInput("Match keys compare clear columns, and these files are encoded. Leave the keys out.")
    sources, by_chance = pprl.checked(tables, spec.id_column)
    shipped = for_encoded(by_chance)
    if isinstance(spec.model, str):
        fit = fitted(sources, spec, shipped)
        return finished(
            sources,
            fit.scored,
            fit.model,
            spec,
            offsets=fit.offsets,
            is_standard=False,
            earlier=earlier,
            notes=fit.notes,
        )
    prepare.as_the_model_reads(sources, spec.model, spec.id_column)  # raises where a column is missing
    scored = engines.links(
        shipped.engine(spec.engine),
        sources,
        spec.model,
        min(spec.threshold, FLOOR),
        id_column=spec.id_column,
        master=spec.master,
    )
    return finished(sources, scored, spec.model, spec, is_standard=False, earlier=earlier)


def prepared(tables: Mapping[str, pa.Table], model: Mapping[str, Any], id_column: str) -> dict[str, pa.Table]:
    """Return the tables as ``model`` reads them, cleaned where it reads the person model's columns. Raises BadInput where one is missing."""
    return prepare.as_the_model_reads(tables, model, id_column)[0]
