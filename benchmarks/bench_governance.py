"""How long each governance command takes in a folder of 20 agreements, 2,000 requests and 100,000 ledger entries.

Each command runs as a process of its own, as people run it; the figures are medians of seven, by the wall's clock and on the processor. Writes
``benchmarks/out/governance.json``. There is no rival to time: REMS and Airlock are services on a database.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

from tallystick.governance.cases import Event
from tallystick.governance.specimens import Play, specimen
from tallystick.ledger import Entry, canonical, digest
from tallystick.ledger.chain import GENESIS, Head

OUT = Path(__file__).parent / "out"
AGREEMENTS, REQUESTS, ENTRIES, RUNS = 20, 2_000, 100_000, 7
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
"""As people run it: Python keeps what it has compiled."""
TALLY = (sys.executable, "-m", "tallystick.cli.main")


def history() -> list[Event]:
    """Return the events of agreements, and of requests that went to their release under one of them."""
    play = Play().set_up()
    for number in range(2, AGREEMENTS + 1):
        play.act("agreement", "record", f"share-{number}", datasets=[f"data-{number}"])
        play.act("agreement", "sign", f"share-{number}", "iao")
    one = len(play.events)
    play.request("request-1")
    pattern, events = play.events[one:], play.events[:one]
    for number in range(1, REQUESTS + 1):
        events += [
            event.model_copy(
                update={
                    "event_id": f"r{number}-{event.event_id}",
                    "subject": event.subject.replace("request-1", f"request-{number}"),
                    "answers": {
                        **event.answers,
                        **({"about": f"request-{number}"} if event.process == "holding" else {}),
                    },
                }
            )
            for event in pattern
        ]
    return events


def write_ledger(folder: Path, entries: int, events: list[Event]) -> None:
    """Write a whole chain at once: what that many appends, those of the events among them, would have left."""
    previous, start = GENESIS, datetime(2026, 1, 1, tzinfo=UTC)
    acts: list[tuple[str, str, dict[str, Any]]] = [
        (
            f"governance/{one.event_id}",
            f"{one.process}.{one.act}",
            {"answers": digest(canonical(one.answers))},
        )
        for one in events
    ]
    acts += [(f"event-{number}", "extract", {"rows": number}) for number in range(entries - len(events))]
    with (folder / "ledger.jsonl").open("wb") as file:
        for number, (event_id, act, details) in enumerate(acts, 1):
            at = (start + timedelta(seconds=number)).isoformat().replace("+00:00", "Z")
            entry = Entry(number, event_id, at, "bench", act, f"file-{number}", details, previous)
            entry = replace(entry, hash=entry.computed_hash())
            file.write(canonical(asdict(entry)) + b"\n")
            previous = entry.hash
    (folder / "ledger.head").write_bytes(canonical(asdict(Head(entries, previous))))


def timed(folder: Path, words: list[str]) -> tuple[float, float]:
    """Return the seconds that one command took by the wall's clock and on the processor; stop where it failed."""
    start, used = time.perf_counter(), processor()
    done = subprocess.run(
        [*TALLY, *words], cwd=folder, capture_output=True, text=True, check=False, env=ENVIRONMENT
    )
    seconds = time.perf_counter() - start, processor() - used
    if done.returncode:
        raise SystemExit(f"{' '.join(words)}: exit {done.returncode}\n{done.stderr}{done.stdout[-2000:]}")
    return seconds


def processor() -> float:
    """Return the processor's seconds of the commands so far: what another's work on the machine does not change much."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def main() -> None:
    """Make the folder, time the commands, write and print the medians."""
    folder = OUT / "governance-share"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "governance").mkdir(parents=True)
    events = history()
    lines = (event.model_dump_json(exclude_defaults=True) for event in events)
    (folder / "governance" / "events.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    write_ledger(folder, ENTRIES, events)
    template = files("tallystick.agreement").joinpath("templates/moj-dfe.toml")
    (folder / "agreement.toml").write_text(template.read_text(encoding="utf-8"), encoding="utf-8")
    ann = ["--as", "ann.analyst", "--role", "requester", "--organisation", "MoJ"]
    team = ["--as", "tom", "--role", "data-access-team", "--organisation", "Ministry of Justice"]
    forms = {}
    for process, act in (
        ("request", "draft"),
        ("request", "release"),
        ("incident", "report"),
        ("holding", "dispose"),
    ):
        forms[act] = folder / f"{act}.json"
        forms[act].write_text(json.dumps(specimen(process, act)), encoding="utf-8")
    at = ["--at", "2026-12-01T09:00:00Z"]
    commands = {
        "ledger verify": lambda n: ["ledger", "verify", "."],
        "ledger show": lambda n: ["ledger", "show", ".", "--last", "20"],
        "ledger audit": lambda n: ["ledger", "audit", "."],
        "register verify": lambda n: ["register", "verify", "."],
        "request list": lambda n: ["request", "list", ".", "--json"],
        "request show": lambda n: ["request", "show", "request-77", "."],
        "request draft": lambda n: ["request", "draft", f"new-{n}", ".", "--answers", str(forms["draft"]), *ann, *at],
        "request submit": lambda n: ["request", "submit", f"new-{n}", ".", *ann, *at],
        "request release": lambda n: ["request", "release", f"new-{n}", ".", "--answers", str(forms["release"]), *team, *at],
        "request triage": lambda n: ["request", "triage", ".", "--answers", str(forms["draft"]), *at],
        "retain list": lambda n: ["retain", "list", "."],
        "retain due": lambda n: ["retain", "due", ".", *at],
        "retain dispose": lambda n: ["retain", "dispose", f"request-{n + 1}.release-1", ".", "--answers",
                                     str(forms["dispose"]), "--set", "place=ann.analyst", "--role", "lead", "--as", "lou", *at],
        "retain look": lambda n: ["retain", "look", "."],
        "incident report": lambda n: ["incident", "report", f"i-{n}", ".", "--answers", str(forms["report"]), "--role", "iao",
                                      "--as", "lou", *at],
        "register show requests": lambda n: ["register", "show", "requests", ".", "--format", "html", "-o", "requests.html"],
        "register show deletions": lambda n: ["register", "show", "deletions", ".", "--format", "csv", "-o", "deletions.csv"],
        "register show blockers": lambda n: ["register", "show", "blockers", ".", "--json"],
        "register show catalogue": lambda n: ["register", "show", "catalogue", ".", "--format", "dcat", "-o", "catalogue.json"],
    }  # fmt: skip
    found = {}
    for name, words in commands.items():
        runs = [timed(folder, words(run)) for run in range(RUNS)]
        found[name] = [statistics.median(clock) for clock in zip(*runs, strict=True)]
    report = {
        "agreements": AGREEMENTS, "requests": REQUESTS, "events": len(events), "ledger_entries": ENTRIES,
        "cores": os.cpu_count(), "median_seconds_wall_and_processor": found,
    }  # fmt: skip
    (OUT / "governance.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(f"{'':28} {'wall':>7} {'processor':>10}")
    for name, (seconds, used) in found.items():
        print(f"{name:28} {seconds:5.2f} s {used:8.2f} s{'' if seconds < 1 else '   over a second'}")
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
