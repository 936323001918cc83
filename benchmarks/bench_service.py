"""The web service under load: 100,000 cases in PostgreSQL, 50 people at once, the main pages; medians and 95th percentiles.

    python benchmarks/bench_service.py [--cases 100000] [--people 50] [--rounds 20]

Writes ``benchmarks/out/service.json``. The load comes from the same machine, so it takes processor time from the service.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

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
                Concern(case=row, process=process, organisation=name)
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


def visit(
    url: str, key: str, rounds: int, first: int, think: float, times: dict[str, list[float]], wrong: list[str]
) -> None:
    """Open the pages one after the other, so many times, reading each for ``think`` seconds."""
    for step in range(rounds * len(PAGES)):
        page = PAGES[(first + step) % len(PAGES)]
        request = urllib.request.Request(url + page, headers={"Cookie": f"sessionid={key}"})
        begun = time.perf_counter()
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                answer.read()
                if answer.url != url + page:
                    wrong.append(f"{page} led to {answer.url}")
        except urllib.error.HTTPError as error:
            wrong.append(f"{page} {error.code}")
        times[page].append(time.perf_counter() - begun)
        time.sleep(think)


def main() -> None:
    """Fill, serve, load, write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--people", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--think", type=float, default=1.0, help="seconds that somebody reads a page")
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
    print(f"filled in {time.perf_counter() - begun:.0f} s")
    keys = sessions(given.people)
    command = [sys.executable, "-m", "tallystick.cli.main", "serve", "--home", str(home), "--port", str(port),
               "--workers", str(given.workers)]  # fmt: skip
    times: dict[str, list[float]] = {page: [] for page in PAGES}
    wrong: list[str] = []
    with subprocess.Popen(command) as process:
        try:
            while True:
                try:
                    urllib.request.urlopen(url + "/health", timeout=5).close()
                    break
                except OSError:
                    time.sleep(0.3)
            visit(url, keys[0], 2, 0, 0, {page: [] for page in PAGES}, [])
            threads = [
                threading.Thread(
                    target=visit, args=(url, key, given.rounds, number, given.think, times, wrong)
                )
                for number, key in enumerate(keys)
            ]
            begun = time.perf_counter()
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            spent = time.perf_counter() - begun
        finally:
            process.terminate()
            process.wait()
    server.cleanup()
    done = sum(map(len, times.values()))
    found = {
        page: {"median_ms": round(1000 * statistics.median(each)), "p95_ms": round(1000 * statistics.quantiles(each, n=20)[-1])}
        for page, each in times.items()
    }  # fmt: skip
    result = {"cases": given.cases, "people": given.people, "think_seconds": given.think, "pages": found, "pages_a_second": round(done / spent, 1),
              "wrong": sorted(set(wrong)), "load_average": os.getloadavg()[0]}  # fmt: skip
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(result, indent=2))
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
