"""The linker's page on the quality of a linkage: figures, Splink's own charts as still pictures, and what they cannot say.

It holds counts, rates and model parameters. The frequencies of single values that Splink can chart are left out: they are
names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from jinja2 import Environment, StrictUndefined

from tallystick.linkage.by_identifiers import by_identifiers, completeness
from tallystick.linkage.implausible import implausible
from tallystick.linkage.spec import Linked
from tallystick.linkage.stage_counts import by_stage
from tallystick.linkage.thresholds import sensitivity

Floats = npt.NDArray[np.float64]
BANDS = (0.5, 0.7, 0.9, 0.95, 0.99, 0.999, 1.0)
SIZES = ((1, 1), (2, 2), (3, 5), (6, 10), (11, 10**9))


def figures(linked: Linked, threshold: float, id_column: str, at_thresholds: pa.Table) -> dict[str, Any]:
    """Return what is known of a linkage's quality, as plain values; ``at_thresholds`` is `thresholds.persons_at`'s table.

    Records, persons, links by stage and by probability, persons by number of records, what other thresholds would give, links that can
    hardly be right, and linked against unlinked by identifiers.
    """
    probability = linked.links["match_probability"].to_numpy()
    sizes = _sizes(linked.persons)
    return {
        **linked.quality,
        "links": linked.links.num_rows,
        "persons": len(sizes),
        "links_by_probability": [
            {"from": low, "to": high, "links": int(((probability >= low) & _below(probability, high)).sum())}
            for low, high in zip((0.0, *BANDS[:-1]), BANDS, strict=True)
        ],
        "expected_false_links": float((1 - probability).sum()),
        "persons_by_records": [
            {
                "records": str(low)
                if low == high
                else f"{low} or more"
                if high > 10**6
                else f"{low} to {high}",
                "persons": int(((sizes >= low) & (sizes <= high)).sum()),
            }
            for low, high in SIZES
        ],
        "linked_records": _linked_records(linked.persons),
        "threshold": threshold,
        "stages": by_stage(linked.links, linked.persons, id_column),
        "sensitivity": sensitivity(linked.scored, at_thresholds, id_column, threshold),
        "implausible": implausible(linked.links, linked.records, id_column) if linked.is_standard else [],
        "completeness": completeness(linked.records) if linked.is_standard else [],
        "by_identifiers": by_identifiers(linked.persons, linked.records, id_column)
        if linked.is_standard
        else [],
        "notes": list(linked.notes),
    }


def page(figures: Mapping[str, Any], model: Mapping[str, Any], *, title: str) -> str:
    """Return the page as HTML that needs nothing from elsewhere, from `figures` and the model."""
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    text = (files("tallystick.linkage") / "quality.html").read_text(encoding="utf-8")
    return environment.from_string(text).render(
        title=title, figures=figures, charts=charts(model), weights=_weights(model)
    )


def charts(model: Mapping[str, Any]) -> dict[str, str]:
    """Return Splink's charts of the model (match weights; m and u probabilities) as SVG."""
    import warnings

    import vl_convert
    from splink.internals.settings_creator import SettingsCreator

    settings: Any = SettingsCreator.from_path_or_dict(dict(model)).get_settings("duckdb")
    made = {}
    for name, chart in (
        ("weights", settings.match_weights_chart()),
        ("m and u", settings.m_u_parameters_chart()),
    ):
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # Altair remarks on a selection that a still picture does not have
            svg = vl_convert.vegalite_to_svg(chart.altair_chart.to_dict())
        made[name] = re.sub(r"<svg ", '<svg aria-hidden="true" focusable="false" ', svg, count=1)
    return made


def _weights(model: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return each level's m, u and match weight: the charts as a table."""
    return [
        {
            "comparison": comparison["output_column_name"],
            "level": level.get("label_for_charts") or level["sql_condition"],
            "m": level["m_probability"],
            "u": level["u_probability"],
            "weight": float(np.log2(level["m_probability"] / level["u_probability"])),
        }
        for comparison in model["comparisons"]
        for level in comparison["comparison_levels"]
        if not level.get("is_null_level")
    ]


def _below(probability: Floats, high: float) -> npt.NDArray[np.bool_]:
    return probability <= high if high == 1.0 else probability < high


def _sizes(persons: pa.Table) -> npt.NDArray[np.int64]:
    counts = persons["person_id"].value_counts()
    return np.asarray(counts.field("counts").to_numpy(zero_copy_only=False), dtype=np.int64)


def _linked_records(persons: pa.Table) -> list[dict[str, Any]]:
    """Return for each source how many records share a person with another source (or, in one source, with another record)."""
    table = persons.select(["source", "person_id"])
    sources = sorted(set(table["source"].to_pylist()))
    by_person = table.group_by("person_id").aggregate([("source", "count_distinct"), ("source", "count")])
    wanted = "source_count_distinct" if len(sources) > 1 else "source_count"
    several = by_person.filter(pa.array(by_person[wanted].to_numpy() > 1))["person_id"]
    is_linked = pc.is_in(table["person_id"], value_set=several.combine_chunks())
    found = []
    for source in sources:
        mine = pc.equal(table["source"], source)
        records = int(pc.sum(mine).as_py())
        linked = int(pc.sum(pc.and_(mine, is_linked)).as_py() or 0)
        found.append({"source": source, "records": records, "linked": linked, "share": linked / records})
    return found
