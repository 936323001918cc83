"""The learner register on disk: one SQLite file, each act whole or not at all, in the ledger before its answer is given.

An act is one transaction that also notes the act itself; the ledger's entry follows, under the same id, with counts and a hash and
no number. Killed between the two, the next command enters what is missing. Numbers that were merged or deleted stay as numbers, so
that none is issued twice; deleted details are overwritten in the file (``secure_delete``).
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from tallystick.errors import BadInput, Finding
from tallystick.ledger import Ledger, canonical
from tallystick.linkage import identifiers
from tallystick.linkage.register import Answer, Held, Person, answer, new_number
from tallystick.share.acts import Clock

WAIT_SECONDS = 30
TABLES = """
create table if not exists learners (
    uln text primary key,
    state text not null check (state in ('live', 'merged', 'deleted')),
    master text,
    opted_out integer not null default 0
) without rowid;
create index if not exists learners_master on learners (master) where master is not null;
create table if not exists details (
    detail integer primary key,
    uln text not null references learners (uln),
    first_name text not null, first_root text not null, surname text not null,
    dob text not null, gender text, postcode text,
    is_current integer not null
);
create unique index if not exists details_current on details (uln) where is_current;
create index if not exists details_uln on details (uln);
create index if not exists details_dob_surname on details (dob, surname);
create index if not exists details_dob_first on details (dob, first_root);
drop index if exists details_names;
create index if not exists details_names_dob on details (surname, first_root, dob);
create index if not exists details_postcode on details (postcode);
create table if not exists records (
    source text not null, supply_key text not null, uln text not null references learners (uln),
    primary key (source, supply_key)
) without rowid;
create index if not exists records_uln on records (uln);
create table if not exists acts (
    act integer primary key, event_id text unique not null, at text not null, actor text not null, organisation text not null,
    name text not null, details text not null, is_entered integer not null default 0
);
create table if not exists lines (
    act integer not null references acts (act), name text not null, uln text, other text, fields text
);
create index if not exists lines_act on lines (act);
create index if not exists lines_uln on lines (uln);
"""
# Each block finds pairs that `verdict` may accept: any two of the strong fields the same. Where only the names are, the birth date has to be
# near (one digit, or two neighbours changed about, or day and month): then the year, or the day, or all but the digits between them agree.
CANDIDATES = """
with found as (
    select detail from details where dob = :dob and surname = :surname
    union select detail from details where dob = :dob and first_root = :first_root
    union select detail from details where surname = :surname and first_root = :first_root
        and (substr(dob, 1, 4) = substr(:dob, 1, 4) or substr(dob, 5) = substr(:dob, 5)
            or (substr(dob, 1, 3) = substr(:dob, 1, 3) and substr(dob, 6) = substr(:dob, 6)))
    union select detail from details where dob = :dob and surname = :first_name and first_name = :surname
    union select detail from details where postcode = :postcode
        and (dob = :dob or surname = :surname or first_root = :first_root)
)
select d.uln, coalesce(l.master, l.uln), d.first_name, d.first_root, d.surname, d.dob, d.gender, d.postcode, d.is_current
from found join details d using (detail) join learners l on l.uln = d.uln
order by d.uln, d.is_current desc
"""


@dataclass
class Act:
    """What one act does, line by line, as it is noted: the name of the doing, the number, another number, names of fields."""

    name: str
    lines: list[tuple[str, str | None, str | None, str | None]] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)

    def note(self, name: str, uln: str | None, other: str | None = None, fields: Iterable[str] = ()) -> None:
        """Note one line."""
        self.lines.append((name, uln, other, ",".join(fields) or None))


class Learners:
    """An open register. Its methods change what :meth:`act` commits; reading needs no act."""

    def __init__(self, connection: sqlite3.Connection, ledger: Ledger) -> None:
        self._db = connection
        self._ledger = ledger

    @contextmanager
    def act(self, name: str, organisation: str, clock: Clock, event_id: str) -> Iterator[Act]:
        """Yield the act to be noted; on leaving, state, act and ledger stand; where the block raises, nothing does.

        One writer at a time: a search inside an act sees what every act before it did, so two that ask at once for a number for
        one person get one number.
        """
        doing = Act(name)
        try:
            self._db.execute("begin immediate")
        except sqlite3.OperationalError:
            raise BadInput(
                f"Another `tally` has held the register for {WAIT_SECONDS} seconds. Try again."
            ) from None
        try:
            if self._db.execute("select 1 from acts where event_id = ?", (event_id,)).fetchone():
                raise BadInput("That act was done already: an event id names one act.")
            yield doing
            counts: dict[str, int] = {}
            for line in doing.lines:
                counts[line[0]] = counts.get(line[0], 0) + 1
            at = clock.now.isoformat()
            nonce = secrets.token_hex(
                16
            )  # so that the ledger's hash of the lines cannot be guessed from a number
            number = self._db.execute(
                "insert into acts (event_id, at, actor, organisation, name, details) values (?, ?, ?, ?, ?, ?)",
                (event_id, at, clock.actor, organisation, name, json.dumps({**doing.details, "counts": counts, "nonce": nonce})),
            ).lastrowid  # fmt: skip
            self._db.executemany(
                "insert into lines (act, name, uln, other, fields) values (?, ?, ?, ?, ?)",
                ((number, *line) for line in doing.lines),
            )
            self._db.execute("commit")
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("rollback")
            raise
        self.enter()

    def enter(self) -> None:
        """Put into the ledger every act that an interruption left out."""
        rows = self._db.execute(
            "select act, event_id, at, actor, organisation, name, details from acts where not is_entered order by act"
        ).fetchall()
        for number, event_id, at, actor, organisation, name, details in rows:
            self._ledger.append(
                f"register.{name}",
                "learner register",
                self._entry(number, organisation, details),
                actor=actor,
                at=datetime.fromisoformat(at),
                event_id=f"register/{event_id}",
            )
            self._db.execute("update acts set is_entered = 1 where act = ?", (number,))

    def _entry(self, number: int, organisation: str, details: str) -> dict[str, Any]:
        """Return what the ledger holds of an act: who asked, counts, and a hash of its lines."""
        known = json.loads(details)
        whole = hashlib.sha256(known["nonce"].encode())
        for line in self._db.execute(
            "select name, uln, other, fields from lines where act = ? order by rowid", (number,)
        ):
            whole.update(canonical(line))
        shown = {key: value for key, value in known.items() if key != "nonce"}
        return {"organisation": organisation, **shown, "lines": f"sha256:{whole.hexdigest()}"}

    def audit(self) -> tuple[Finding, ...]:
        """Return where the noted acts and the ledger differ: changed, dropped, or added by hand (requirement 321)."""
        entered = {
            entry.event_id.removeprefix("register/"): dict(entry.details)
            for entry in self._ledger.entries()
            if entry.event_id.startswith("register/")
        }
        found = []
        rows = self._db.execute("select act, event_id, organisation, details from acts order by act")
        for number, event_id, organisation, details in rows.fetchall():
            entry = entered.pop(event_id, None)
            if entry is None:
                found.append(_differs(number, "is in no entry of the ledger"))
            elif entry != json.loads(canonical(self._entry(number, organisation, details))):
                found.append(_differs(number, "was changed after it was entered"))
        found += [_differs(event_id, "is gone from the register") for event_id in entered]
        return tuple(found)

    def find(self, asked: Person) -> Answer:
        """Return what the register answers about a person."""
        rows = self._db.execute(
            CANDIDATES,
            {
                "dob": asked.dob, "surname": asked.surname, "first_name": asked.first_name, "first_root": asked.first_root,
                "postcode": asked.postcode,
            },
        )  # fmt: skip
        return answer(asked, (Held(r[0], r[1], Person(*r[2:8]), bool(r[8])) for r in rows))

    def issue(self, person: Person, entropy: Callable[[int], bytes], doing: Act) -> str:
        """Return a new number, now the person's."""
        uln = new_number(self.is_taken, entropy)
        self._enter(uln, person)
        doing.note("issue", uln)
        return uln

    def keep(self, uln: str, person: Person, doing: Act) -> None:
        """Enter a person under the number that they have already; it must not be taken."""
        self._enter(uln, person)
        doing.note("keep", uln)

    def _enter(self, uln: str, person: Person) -> None:
        self._db.execute("insert into learners (uln, state) values (?, 'live')", (uln,))
        self._add(uln, person)

    def is_taken(self, uln: str) -> bool:
        """Return whether a number is, or ever was, somebody's here."""
        return self._db.execute("select 1 from learners where uln = ?", (uln,)).fetchone() is not None

    def _add(self, uln: str, person: Person) -> None:
        self._db.execute(
            "insert into details (uln, first_name, first_root, surname, dob, gender, postcode, is_current) "
            "values (?, ?, ?, ?, ?, ?, ?, 1)",
            (uln, person.first_name, person.first_root, person.surname, person.dob, person.gender, person.postcode),
        )  # fmt: skip

    def change(self, uln: str, person: Person, doing: Act) -> tuple[str, ...]:
        """Return the names of the fields that were changed to ``person``'s.

        Former names and postcodes stay, for people are looked up by them; a birth date or gender that was wrong is put right
        everywhere.
        """
        uln = self.master(uln)
        held = self.person(uln)
        fields = tuple(
            name
            for name in ("first_name", "surname", "dob", "gender", "postcode")
            if getattr(held, name) != getattr(person, name)
        )
        if fields:
            self._db.execute("update details set is_current = 0 where uln = ? and is_current", (uln,))
            self._db.execute(
                "update details set dob = ?, gender = ? where uln = ?", (person.dob, person.gender, uln)
            )
            self._add(uln, person)
            self._db.execute(
                "delete from details where uln = ? and not is_current and exists (select 1 from details c where c.uln = details.uln "
                "and c.is_current and c.first_name = details.first_name and c.surname = details.surname "
                "and c.postcode is details.postcode)",
                (uln,),
            )
        doing.note("change", uln, fields=fields)
        return fields

    def person(self, uln: str) -> Person:
        """Return a learner's present details."""
        row = self._db.execute(
            "select first_name, first_root, surname, dob, gender, postcode from details where uln = ? and is_current",
            (uln,),
        ).fetchone()
        return Person(*row)

    def master(self, uln: str) -> str:
        """Return the number that leads, itself or the one that it was merged into. Raises BadInput where there is none."""
        if identifiers.uln(uln) != uln:
            raise BadInput("That is not a Unique Learner Number: ten digits, the last a check digit.")
        lead = self.lead(uln)
        if lead is None:
            raise BadInput("The register knows no learner of that number: never issued, or deleted.")
        return lead

    def lead(self, uln: str) -> str | None:
        """Return the number that leads; None where none was issued, or its learner deleted."""
        row = self._db.execute(
            "select coalesce(master, uln) from learners where uln = ? and state <> 'deleted'", (uln,)
        ).fetchone()
        return None if row is None else str(row[0])

    def merge(self, keep: str, gone: str, doing: Act) -> None:
        """Make two numbers of one person lead to the first; the other stays found and is never issued again."""
        keep, gone = self.master(keep), self.master(gone)
        if keep == gone:
            raise BadInput("Those two numbers lead to one learner already.")
        self._db.execute(
            "update learners set state = 'merged', master = ? where uln = ? or master = ?", (keep, gone, gone)
        )
        doing.note("merge", keep, gone)

    def part(self, uln: str, doing: Act) -> None:
        """Undo the merge of a number: it leads to its own learner again, with the details that it had."""
        lead = self.master(uln)
        if lead == uln:
            raise BadInput("That number was not merged into another; give the one that was.")
        self._db.execute("update learners set state = 'live', master = null where uln = ?", (uln,))
        doing.note("part", uln, lead)

    def opt(self, uln: str, doing: Act, *, out: bool) -> None:
        """Note whether a learner opts out of the sharing of achievement data; it holds for all numbers of that learner."""
        lead = self.master(uln)
        self._db.execute(
            "update learners set opted_out = ? where uln = ? or master = ?", (int(out), lead, lead)
        )
        doing.note("opt out" if out else "opt in", lead)

    def delete(self, uln: str, doing: Act) -> None:
        """Remove all that is known of a learner, under every number of theirs; the numbers stay, as deleted."""
        lead = self.master(uln)
        numbers = [
            row[0]
            for row in self._db.execute(
                "select uln from learners where uln = ? or master = ? order by uln", (lead, lead)
            )
        ]
        for number in numbers:
            self._db.execute("delete from details where uln = ?", (number,))
            self._db.execute("delete from records where uln = ?", (number,))
            self._db.execute(
                "update learners set state = 'deleted', master = null, opted_out = 0 where uln = ?", (number,)
            )
            doing.note("delete", number)

    def attach(self, source: str, supply_key: str, uln: str) -> None:
        """Note that a record of a supply is a learner's."""
        self._db.execute("insert or replace into records values (?, ?, ?)", (source, supply_key, uln))

    def attached(self) -> Mapping[tuple[str, str], str]:
        """Return the number of each record of a supply that has one already: (source, supply key) to number."""
        return {(row[0], row[1]): row[2] for row in self._db.execute("select * from records")}

    def records(self) -> list[tuple[str, str, str, bool]]:
        """Return source, supply key, leading number and whether its learner opted out, for every record attached."""
        return [
            (source, key, lead, bool(out))
            for source, key, lead, out in self._db.execute(
                """
                with leads as (select uln, coalesce(master, uln) as lead, opted_out from learners where state <> 'deleted'),
                refused as (select distinct lead from leads where opted_out)
                select r.source, r.supply_key, l.lead, l.lead in (select lead from refused)
                from records r join leads l using (uln) order by 1, 2
                """
            )
        ]

    def history(self, uln: str) -> list[dict[str, Any]]:
        """Return every act on a number, the oldest first, looks included: when, who, for which body, what, the other number."""
        rows = self._db.execute(
            "select a.at, a.actor, a.organisation, l.name, l.uln, l.other, l.fields from lines l join acts a using (act) "
            "where l.uln = ? or l.other = ? order by a.act, l.rowid",
            (uln, uln),
        )
        keys = ("at", "actor", "organisation", "act", "uln", "other", "fields")
        return [dict(zip(keys, row, strict=True)) for row in rows]

    def counts(self) -> dict[str, int]:
        """Return how many numbers are live, merged and deleted, and how many learners opted out."""
        found = dict(self._db.execute("select state, count(*) from learners group by state").fetchall())
        out = self._db.execute(
            "select count(distinct coalesce(master, uln)) from learners where opted_out"
        ).fetchone()[0]
        return {**{state: found.get(state, 0) for state in ("live", "merged", "deleted")}, "opted_out": out}


def _differs(act: object, what: str) -> Finding:
    return Finding(
        "register.audit", f"The act {what}.", "Restore the register from a backup; treat it as an incident.",
        f"act {act}", "321",
    )  # fmt: skip


@contextmanager
def opened(path: Path, ledger: Ledger, *, make: bool = False) -> Iterator[Learners]:
    """Yield the register in ``path`` (mode 0600), begun if ``make``; raise BadInput where there is none or it is broken."""
    if not make and not path.exists():
        raise BadInput("There is no learner register here yet: `tally register learner enrol` begins one.")
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    connection = sqlite3.connect(path, timeout=WAIT_SECONDS, isolation_level=None)
    try:
        connection.execute("pragma synchronous = full")
        connection.execute("pragma secure_delete = on")
        connection.execute("pragma foreign_keys = on")
        connection.executescript(TABLES)
        register = Learners(connection, ledger)
        register.enter()
        yield register
    except sqlite3.OperationalError as error:
        raise BadInput(
            f"The register cannot be used now ({error.sqlite_errorname}). Nothing was changed."
        ) from None
    except sqlite3.DatabaseError as error:
        raise BadInput(
            f"{path.name} is not a register any more ({error.sqlite_errorname}); restore it from a backup."
        ) from None
    finally:
        connection.close()
