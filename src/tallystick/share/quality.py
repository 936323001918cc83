"""The report on the quality of a share's linkage, for whoever uses the links: what GUILD and RECORD ask of a linker, on one page.

GUILD: Gilbert and others 2018, Journal of Public Health 40. RECORD: Benchimol and others 2015, PLoS Medicine 12. It is made of the ledger,
the agreement, and the figures of the linker, the reviewers and the steward; it holds counts and rates, small ones hidden, and no value of
an identifier or an attribute of one person.
"""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from tallystick import __version__
from tallystick.agreement import io
from tallystick.agreement.dataset import Dataset
from tallystick.agreement.schema import Agreement
from tallystick.deidentify.selection import rates
from tallystick.deidentify.selection.bias import Group
from tallystick.errors import BadInput
from tallystick.linkage.charts import reliability_chart
from tallystick.share import acts, destroy
from tallystick.share.acts import Clock
from tallystick.share.flow import flow_chart
from tallystick.share.limits import limitations
from tallystick.share.link import EVENT as LINKED
from tallystick.share.review import CLOSED
from tallystick.share.rooms import Share
from tallystick.share.supply import event as supplied
from tallystick.share.who_linked import base, smallest

PAGE = "linkage-quality"


def quality(share: Share, agreement: Agreement, *, clock: Clock) -> dict[str, Any]:
    """Write ``reports/linkage-quality.html`` and ``.json``, made anew each time, and return the figures.

    Raises BadInput where nothing was linked.
    """
    found = figures(share, agreement, clock=clock)
    html = page(found)
    head = share.ledger.verify().head
    with acts.act(
        share, f"quality/{head[7:23]}", name="report", subject=agreement.about.id, clock=clock,
        details={"of_head": head, "report": PAGE},
    ) as folder:  # fmt: skip
        (folder / "reports").mkdir()
        (folder / "reports" / f"{PAGE}.html").write_text(html, encoding="utf-8")
        (folder / "reports" / f"{PAGE}.json").write_text(json.dumps(found, indent=2), encoding="utf-8")
    return found


def figures(share: Share, agreement: Agreement, *, clock: Clock) -> dict[str, Any]:
    """Return all that the report says, as plain values; null is what is hidden or not known."""
    if agreement.linkage is None or not acts.is_done(share, LINKED):
        raise BadInput(
            "Nothing was linked yet, so there is no quality to report. Run `tally link run` first."
        )
    made = _json(share.linker / "quality.json")
    if "sensitivity" not in made:
        raise BadInput("The linkage was made by an earlier version and lacks the figures. Link again.")
    who = _json(share.steward / "who-linked.json", {})
    few, step = smallest(agreement), base(agreement)
    chosen = next(one for one in made["sensitivity"] if one["threshold"] == made["threshold"])
    by_linker, linker_fields = _by_linker(made, few, step)
    review = _json(share.linker / "review" / "review.json", None) if acts.is_done(share, CLOSED) else None
    found = {
        "about": {
            "agreement": agreement.about.id,
            "title": agreement.about.title or agreement.about.id,
            "version": agreement.about.version,
            "document": io.document_hash(agreement),
            "made": clock.now.date().isoformat(),
            "tallystick": __version__,
            "smallest": few,
        },
        "populations": _populations(share, agreement, {one["source"]: one for one in chosen["sources"]}, few),
        "decided_anew": made.get("decided_anew", False),
        "completeness": [
            {**one, "records": near(one["records"], step), "missing_share": _share(one, few, step)}
            for one in made.get("completeness", [])
        ],
        "method": _method(share, agreement, made),
        "stages": _counts(made["stages"], "links", few, step),
        "match_keys": made.get("match_keys", []),
        "links_by_probability": _counts(made["links_by_probability"], "links", few, step),
        "clusters": _counts(made["persons_by_records"], "persons", few, step),
        "implausible": [
            {**one, "links": None if 0 < one["links"] < few else one["links"], "judged": near(one["judged"], step)}
            for one in made["implausible"]
        ],
        "accuracy": {
            "review": None if review is None else _reviewed(review),
            "truth": _json(share.linker / "truth.json", None),
            "expected_false_links": made["expected_false_links"],
            "at_threshold": _rounded([chosen], step)[0],
        },
        "calibration": (review or {}).get("calibration"),
        "rates": [*by_linker, *who.get("rates", [])],
        "fields": [*linker_fields, *who.get("fields", [])],
        "bias": who.get("bias"),
        "sensitivity": {
            "thresholds": _rounded(made["sensitivity"], step),
            "groups": who.get("at_thresholds", []),
            "analyses": who.get("analyses", []),
        },
        "weights": who.get("weights", []),
    }  # fmt: skip
    return {**found, "limitations": limitations(found)}


def page(found: dict[str, Any]) -> str:
    """Return the page as HTML, from the figures alone: no script, a table for each picture."""
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["number"] = lambda value: "few" if value is None else f"{value:,}"
    environment.filters["percent"] = lambda value: "–" if value is None else f"{value:.1%}"
    environment.filters["figure"] = lambda value: "–" if value is None else f"{value:.3g}"
    environment.filters["words"] = lambda value: str(value).replace("_", " ")
    text = (files("tallystick.share") / "templates" / f"{PAGE}.html").read_text(encoding="utf-8")
    bars = found["calibration"]["diagram"] if found["calibration"] else []
    return environment.from_string(text).render(
        **found,
        flow=flow_chart(found["populations"]),
        reliability=reliability_chart(bars),
        groups=_grouped(found),
    )


def _populations(
    share: Share, agreement: Agreement, linked: dict[str, dict[str, Any]], few: int
) -> list[dict[str, Any]]:
    """Return for each dataset that was linked its way from rows to linked people."""
    assert agreement.linkage is not None
    found = []
    for dataset in agreement.datasets:
        if dataset.name not in linked:
            continue
        details = _supplied(share, dataset)
        people, both = linked[dataset.name]["people"], linked[dataset.name]["linked"]
        is_few = min(both, people - both) < few
        found.append(
            {
                "dataset": dataset.name,
                "title": dataset.title or dataset.name,
                "supplier": dataset.supplier,
                "eligible": dataset.eligible,
                "covers_to": str(dataset.covers_to or ""),
                **details,
                "people": people,
                "linked": None if is_few else both,
                "unlinked": None if is_few else people - both,
                "linked_share": None if is_few else both / people,
                "should_all_link": dataset.name in agreement.linkage.expected_to_link,
            }
        )
    return found


def _supplied(share: Share, dataset: Dataset) -> dict[str, int]:
    """Return the counts of a dataset's supply: the last, or of supplies that add all together."""
    count = acts.times(share, supplied(dataset.name))
    numbers = range(1, count + 1) if dataset.new_supply == "adds" else range(count, count + 1)
    each = [acts.details_of(share, acts.numbered(supplied(dataset.name), number)) for number in numbers]
    return {name: sum(one[name] for one in each) for name in ("rows", "not_eligible", "set_aside", "taken")}


def _method(share: Share, agreement: Agreement, made: dict[str, Any]) -> dict[str, Any]:
    linkage = agreement.linkage
    assert linkage is not None
    model = _json(share.linker / "model.json")
    details = acts.last_details(share, LINKED)
    gone = destroy.when(share)
    return {
        "model": linkage.model,
        "engine": details.get("engine"),
        "seed": details.get("seed"),
        "threshold": made["threshold"],
        "between": [" and ".join(pair) for pair in linkage.between],
        "one_to_one": linkage.one_to_one,
        "linker": linkage.linker,
        "quality_assured_by": linkage.quality_assured_by,
        "compared": [one.get("output_column_name", "") for one in model.get("comparisons", [])],
        "blocking": [
            rule["blocking_rule"] if isinstance(rule, dict) else str(rule)
            for rule in model.get("blocking_rules_to_generate_predictions", [])
        ],
        "software": made.get("software", {}),
        "pairs_scored": made["pairs_scored"],
        "identifiers": f"destroyed on {str(gone)[:10]}"
        if gone
        else f"kept: {agreement.retention.identifiers}",
        "notes": made["notes"],
    }


def _by_linker(
    made: dict[str, Any], few: int, step: int
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    groups = [
        Group(one["source"], one["field"], one["group"], one["people"], one["unlinked"])
        for one in made["by_identifiers"]
    ]
    shown, fields = rates.rates(groups, few, step)
    return [vars(one) for one in shown], [vars(one) for one in fields]


def _reviewed(review: dict[str, Any]) -> dict[str, Any]:
    """Return the review's figures without its calibration, which stands apart, and without the reviewers' names."""
    nameless = [
        {name: value for name, value in one.items() if name != "reviewers"} for one in review["agreement"]
    ]
    return {name: value for name, value in review.items() if name != "calibration"} | {"agreement": nameless}


def _share(one: dict[str, Any], few: int, step: int) -> float | None:
    """Return the share of records that lack an identifier, of rounded counts; null where few of them do, or few have it."""
    missing, records = one["missing"], one["records"]
    if 0 < missing < few or 0 < records - missing < few:
        return None
    return near(missing, step) / (near(records, step) or 1)


def _counts(rows: list[dict[str, Any]], name: str, few: int, step: int) -> list[dict[str, Any]]:
    """Return the rows that count something, small counts null and the others rounded."""
    return [{**row, name: None if row[name] < few else near(row[name], step)} for row in rows if row[name]]


def near(count: int, step: int) -> int:
    """Return a count rounded to ``step``."""
    return step * round(count / step)


def _rounded(rows: list[dict[str, Any]], step: int) -> list[dict[str, Any]]:
    return [
        {
            **row, "persons": near(row["persons"], step), "links": near(row["links"], step),
            "sources": [{**one, "people": near(one["people"], step), "linked": near(one["linked"], step)} for one in row["sources"]],
        }
        for row in rows
    ]  # fmt: skip


def _grouped(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rates by dataset and field, each with its standardised difference."""
    return [
        {
            **field,
            "rows": [
                one
                for one in found["rates"]
                if (one["dataset"], one["field"]) == (field["dataset"], field["field"])
            ],
        }
        for field in found["fields"]
    ]


def _json(path: Path, default: Any = None) -> Any:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else default
