"""The web service under load: 100,000 cases in PostgreSQL, 50 people at once, the main pages; medians and 95th percentiles.

    python benchmarks/bench_service.py [--cases 100000] [--people 50] [--rounds 10] [--think 1]

Fills a database in a new PostgreSQL, serves it as `tally serve` does, and lets each of 50 people open the pages one after the other,
reading each for half to one and a half times ``--think`` seconds (1). Prints a table and writes ``benchmarks/out/service.json``; about three
minutes on two cores. The load comes from one process of the same machine: how much processor time it, the service and the
database took for a page is printed too, and on a machine that does other work it is those figures that hold.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil

OUT = Path(__file__).parent / "out" / "service.json"
START = datetime(2026, 1, 5, 9, tzinfo=UTC)
BODIES = ("Ministry of Justice", "Department for Education", "HMCTS", "Home Office")
KINDS = (
    # process, state, acts in order, share of the cases
    ("request", "submitted", ("draft", "submit"), 0.4),
    ("agreement", "in-force", ("record", "sign"), 0.2),
    ("holding", "held", ("hold",), 0.2),
    ("request", "released", ("draft", "submit", "release"), 0.2),
)


def fill(cases: int) -> None:
    """Write so many cases, with their events and the organisations that they concern."""
    from tallystick.service.registry.models import Case, Concern, Event, Head
    from tallystick.service.registry.store import waits_since

    made = 0
    for kind, (process, state, acts, part) in enumerate(KINDS):
        count = int(cases * part)
        for start in range(0, count, 5000):
            rows, events = [], []
            for number in range(start, min(start + 5000, count)):
                subject, at = f"{process}-{kind}-{number}", START + timedelta(minutes=number)
                body = BODIES[number % len(BODIES)]
                answers = {"aim": f"Aim {number}", "purpose": "performance", "datasets": [f"data-{number % 50}"],
                           "until": "2030-01-01", "parties": [body], "title": f"Title {number}"}  # fmt: skip
                rows.append(
                    Case(process=process, subject=subject, state=state, title=f"Title {number}", answers=answers,
                         version=len(acts), opened_by="somebody", opened_at=at, changed_at=at)
                )  # fmt: skip
                events += [
                    Event(event_id=f"{subject}-{act}", process=process, subject=subject, act=act, at=at, by="somebody",
                          role="requester", organisation=body, answers=answers if not step else {}, state=state,
                          is_entered=True)
                    for step, act in enumerate(acts)
                ]  # fmt: skip
            kept = Case.objects.bulk_create(rows)
            Event.objects.bulk_create(events)
            Concern.objects.bulk_create(
                Concern(
                    case=row, process=process, organisation=name, state=state, waits_since=waits_since(row)
                )
                for number, row in enumerate(kept)
                for name in {BODIES[0], BODIES[number % len(BODIES)]}
            )
            made += len(events)
    Head.objects.update_or_create(id=1, defaults={"events": made})


def sessions(people: int) -> list[str]:
    """Return the session keys of people who have signed in, in the roles that see most."""
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    from tallystick.service.accounts import people as accounts

    keys = []
    for number in range(people):
        role = ("data-access-team", "iao", "dpo", "requester")[number % 4]
        user = accounts.add(f"p{number}@example.org", BODIES[0], role, START)
        TOTP.activate(user, generate_totp_secret())
        store = SessionStore()
        store[SESSION_KEY] = str(user.pk)
        store[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
        store[HASH_SESSION_KEY] = user.get_session_auth_hash()
        store.create()
        keys.append(str(store.session_key))
    return keys


PAGES = (
    "/home", "/request/", "/request/?page=400", "/request/request-0-7000", "/agreement/", "/agreement/agreement-1-40",
    "/holding/", "/register/projects", "/register/shares", "/",
)  # fmt: skip


class Visitor(threading.Thread):
    """Somebody who opens the pages one after the other over one connection, as a browser does, and reads each for a while."""

    def __init__(self, port: int, key: str, rounds: int, first: int, think: float) -> None:
        super().__init__()
        self.port, self.key, self.rounds, self.first, self.think = port, key, rounds, first, think
        self.times: list[tuple[str, float]] = []
        self.wrong: list[str] = []

    def run(self) -> None:
        """Open them all."""
        dice = random.Random(self.first)
        time.sleep(dice.random() * self.think)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        for step in range(self.rounds * len(PAGES)):
            page = PAGES[(self.first + step) % len(PAGES)]
            begun = time.perf_counter()
            try:
                answer = self.asked(connection, page)
            except (ConnectionError, http.client.HTTPException):
                connection.close()  # it was idle too long; a browser opens another, and so does this
                answer = self.asked(connection, page)
            self.times.append((page, time.perf_counter() - begun))
            if answer.status != 200:
                self.wrong.append(f"{page} {answer.status}")
            time.sleep(self.think * (0.5 + dice.random()))
        connection.close()

    def asked(self, connection: http.client.HTTPConnection, page: str) -> http.client.HTTPResponse:
        """Return the answer to a page, read to its end."""
        connection.request("GET", page, headers={"Cookie": f"sessionid={self.key}"})
        answer = connection.getresponse()
        answer.read()
        return answer


def seconds_used(pid: int) -> float:
    """Return the processor seconds that a process and its children took so far, those that have ended too."""
    whole = psutil.Process(pid)
    used = 0.0
    for each in (whole, *whole.children(recursive=True)):
        with contextlib.suppress(psutil.Error):
            used += sum(each.cpu_times()[:4])
    return used


def load(
    port: int, keys: list[str], rounds: int, think: float, parts: dict[str, Callable[[], float]]
) -> dict[str, Any]:
    """Return what the visitors met: times by page, processor milliseconds a page by part, what went wrong."""
    visitors = [Visitor(port, key, rounds, number, think) for number, key in enumerate(keys)]
    before, begun = {name: each() for name, each in parts.items()}, time.perf_counter()
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join()
    spent = time.perf_counter() - begun
    used = {name: each() - before[name] for name, each in parts.items()}
    times = [each for visitor in visitors for each in visitor.times]

    def row(found: list[float]) -> dict[str, Any]:
        return {"pages": len(found), "median_ms": round(1000 * statistics.median(found), 1),
                "p95_ms": round(1000 * statistics.quantiles(found, n=20)[-1], 1)}  # fmt: skip

    return {
        "pages": {page: row([spent for at, spent in times if at == page]) for page in PAGES},
        "all": row([spent for _, spent in times]),
        "pages_a_second": round(len(times) / spent, 1),
        "cpu_ms_a_page": {name: round(1000 * seconds / len(times), 1) for name, seconds in used.items()},
        "wrong": sorted({each for visitor in visitors for each in visitor.wrong}),
    }


def table(found: dict[str, Any]) -> Iterator[str]:
    """Yield the figures as lines."""
    yield f"{'page':32} {'pages':>6} {'median ms':>10} {'p95 ms':>8}"
    for page, row in [*found["pages"].items(), ("all", found["all"])]:
        yield f"{page:32} {row['pages']:6} {row['median_ms']:10} {row['p95_ms']:8}"
    used = ", ".join(f"{name} {ms}" for name, ms in found["cpu_ms_a_page"].items())
    yield f"{found['pages_a_second']} pages a second; processor ms a page: {used}; wrong: {found['wrong'] or 'none'}"
    yield f"load of the machine over these minutes: {found['load_average']} on {os.cpu_count()} cores"


def main() -> None:
    """Fill, serve, load, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument(
        "--think", type=float, default=1.0, help="seconds that somebody reads a page, on average"
    )
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp())
    import pgserver

    server = pgserver.get_server(tempfile.mkdtemp(prefix="tallystick-pg-"), cleanup_mode="delete")
    home = Path(tempfile.mkdtemp())
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    os.environ["DATABASE_URL"] = server.get_uri()
    from tallystick.service import prepare

    prepare.home(home, url)
    prepare.django()
    prepare.database()
    begun = time.perf_counter()
    fill(given.cases)
    server.psql("vacuum analyze;")
    print(f"filled in {time.perf_counter() - begun:.0f} s", flush=True)
    keys = sessions(given.people)
    command = [sys.executable, "-m", "tallystick.cli.main", "serve", "--home", str(home), "--port", str(port),
               "--workers", str(given.workers)]  # fmt: skip
    with subprocess.Popen(command) as process:
        try:
            while True:
                try:
                    urllib.request.urlopen(url + "/health", timeout=5).close()
                    break
                except OSError:
                    time.sleep(0.3)
            postmaster = int((server.pgdata / "postmaster.pid").read_text().split()[0])
            parts = {
                "service": lambda: seconds_used(process.pid),
                "database": lambda: seconds_used(postmaster),
                "load": time.process_time,
            }
            load(port, keys[:4], 2, 0, {})  # templates compiled, connections open
            found = load(port, keys, given.rounds, given.think, parts)
        finally:
            process.terminate()
            process.wait()
    server.cleanup()
    result = {"cases": given.cases, "people": given.people, "think_seconds": given.think, **found,
              "load_average": round(os.getloadavg()[0], 1)}  # fmt: skip
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(result, indent=2))
    print("\n".join(table(result)))


if __name__ == "__main__":
    main()
