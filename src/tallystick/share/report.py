"""The report of a share: one page for a manager, made from the agreement, the ledger and the quality files alone.

It holds counts, rates, hashes and names of files; no value of any identifier or attribute of one person.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from tallystick import __version__
from tallystick.agreement import io
from tallystick.agreement.schema import Agreement
from tallystick.share import acts, destroy
from tallystick.share.acts import Clock
from tallystick.share.charts import rates_chart
from tallystick.share.extract import event as extract_event
from tallystick.share.rooms import Share
from tallystick.share.supply import event as supply_event


@dataclass(frozen=True)
class Extracted:
    """What one project received."""

    id: str
    title: str
    rows: dict[str, int]
    fields: int
    until: str


def report(share: Share, agreement: Agreement, *, clock: Clock) -> Path:
    """Write ``reports/share.html`` and return its path. It shows the ledger's head as it was just before."""
    page = render(share, agreement, clock=clock)
    head = share.ledger.verify().head
    with acts.act(
        share,
        f"report/{head[7:23]}",
        name="report",
        subject=agreement.about.id,
        clock=clock,
        details={"of_head": head},
    ) as folder:
        (folder / "reports").mkdir()
        (folder / "reports" / "share.html").write_text(page, encoding="utf-8")
    return share.report


def render(share: Share, agreement: Agreement, *, clock: Clock) -> str:
    """Return the page as HTML."""
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["number"] = lambda value: "–" if value is None else f"{value:,}"
    environment.filters["percent"] = lambda value: "hidden (few)" if value is None else f"{value:.1%}"
    environment.filters["day"] = lambda value: str(value)[:10]
    template = environment.from_string(
        (files("tallystick.share") / "templates" / "share.html").read_text(encoding="utf-8")
    )
    who = _json(share.steward / "who-linked.json", {"overall": [], "rates": []})
    verdict = share.ledger.verify()
    return template.render(
        agreement=agreement,
        version=__version__,
        made=clock.now.date().isoformat(),
        hash=io.document_hash(agreement),
        supplies=[
            {"name": dataset.name, "supplier": dataset.supplier, "covers_to": dataset.covers_to}
            | dict(acts.last_details(share, supply_event(dataset.name)))
            for dataset in agreement.datasets
            if acts.is_done(share, supply_event(dataset.name))
        ],
        link=acts.last_details(share, "link"),
        truth=_json(share.linker / "truth.json", None),
        overall=who["overall"],
        groups=list(by_field(who)),
        certificates=list(_certificates(share)),
        destroyed_at=destroy.when(share),
        kept_until=agreement.retention.identifiers,
        projects=_projects(share),
        verdict=verdict,
    )


def by_field(who: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield each dataset and field of the steward's figures (`who_linked.figures`) with its rates and a chart of them."""
    rates = who["rates"]
    for dataset, field in dict.fromkeys((rate["dataset"], rate["field"]) for rate in rates):
        rows = [rate for rate in rates if (rate["dataset"], rate["field"]) == (dataset, field)]
        total = next(one for one in who["overall"] if one["dataset"] == dataset)
        yield {
            "dataset": dataset,
            "field": field,
            "rows": rows,
            "chart": rates_chart(rows, total["linked_share"]),
        }


def _certificates(share: Share) -> Iterator[dict[str, Any]]:
    for entry in share.ledger.entries():
        if entry.act == "destroy":
            for certificate in entry.details["certificates"]:
                yield dict(certificate) | {"entry": entry.seq}


def _projects(share: Share) -> list[Extracted]:
    found = []
    for project in io.load_projects(share.root):
        details = acts.details_of(share, extract_event(project))
        if details:
            fields = sum(len(names) for names in details["fields"].values())
            found.append(
                Extracted(project.id, project.title, details["rows"], fields, str(details["until"] or ""))
            )
    return found


def _json(path: Path, default: Any) -> Any:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else default
