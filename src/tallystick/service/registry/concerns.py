"""Which organisations a case concerns: those that acted on it, those whose data it is about, those that must decide on it.

Whoever belongs to none of them is told that there is no such case.
"""

from __future__ import annotations

from collections.abc import Iterator

from tallystick.governance.cases import Case, Registry
from tallystick.governance.people import assets, deciders

PRIVATE = frozenset({"rights", "complaint"})
"""About one person: only who received it and whom it was referred to."""


def concerned(registry: Registry, case: Case) -> frozenset[str]:
    """Return the names of the organisations that a case concerns."""
    return frozenset(name for name in found(registry, case) if name)


def found(registry: Registry, case: Case) -> Iterator[str]:
    """Yield the names, some of them twice."""
    yield from (event.organisation for event in case.history)
    if case.process in PRIVATE:
        yield str(case.get("referred_to", ""))
        return
    yield from (str(name) for name in case.get("parties", ()))
    yield from (str(case.get(key, "")) for key in ("owner", "body") if case.process in ("asset", "office"))
    if case.process == "request" and case.acts("submit"):
        yield from (str(asset.get("owner", "")) for asset in assets(registry, case.get("datasets", ())))
        for body in deciders(registry, case.answers):
            yield from (body.name, *body.deputies)
    if case.process == "dispute" and (request := registry.find("request", str(case.get("about", "")))):
        yield from found(registry, request)
    for key in ("agreement", "about"):
        yield from parties(registry, str(case.get(key, "")))


def parties(registry: Registry, name: str) -> Iterator[str]:
    """Yield the parties of the agreement of this id, where there is one."""
    agreement = registry.find("agreement", name) if name else None
    if agreement is not None:
        yield from (str(party) for party in agreement.get("parties", ()))
