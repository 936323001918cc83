"""The review of an output by two checkers: what may happen in each state, as data, and nothing else.

A command is decided against the state into events, or refused with the rule that says no; an event moves the state on. The
author never checks their own output; two checkers decide each for themselves, neither seeing the other's vote before both are
cast; where they differ a third decides; asking for a change needs a comment; a changed file loses its votes. A
checker may narrow a release to part of a file. The diagram in the documentation is drawn from ``TRANSITIONS``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from tallystick.errors import Finding, Refused

State = Literal[
    "draft",
    "submitted",
    "in-review",
    "split",
    "changes-asked",
    "approved",
    "rejected",
    "released",
    "withdrawn",
]
Act = Literal["submit", "assign", "vote", "change", "release", "withdraw"]
Verdict = Literal["approve", "change", "reject"]

TRANSITIONS: Mapping[State, Mapping[Act, tuple[State, ...]]] = {
    "draft": {"submit": ("submitted",), "change": ("draft",), "withdraw": ("withdrawn",)},
    "submitted": {"assign": ("in-review",), "change": ("submitted",), "withdraw": ("withdrawn",)},
    "in-review": {
        "assign": ("in-review",),
        "vote": ("in-review", "approved", "changes-asked", "rejected", "split"),
        "change": ("submitted",),
        "withdraw": ("withdrawn",),
    },
    "split": {
        "assign": ("split",),
        "vote": ("approved", "changes-asked", "rejected"),
        "change": ("submitted",),
        "withdraw": ("withdrawn",),
    },
    "changes-asked": {"change": ("changes-asked",), "submit": ("submitted",), "withdraw": ("withdrawn",)},
    "approved": {"release": ("released",), "change": ("submitted",), "withdraw": ("withdrawn",)},
    "rejected": {},
    "released": {},
    "withdrawn": {},
}
"""Which act is possible in which state, and the states that it can lead to."""

OWNER: Mapping[State, str] = {
    "draft": "author",
    "submitted": "output team",
    "in-review": "checkers",
    "split": "third checker",
    "changes-asked": "author",
    "approved": "output team",
    "rejected": "nobody",
    "released": "nobody",
    "withdrawn": "nobody",
}
"""Whose turn it is in each state."""


@dataclass(frozen=True)
class Narrowing:
    """What a checker lets out of a file less than the whole: cells or rows that stay behind, named by place."""

    file: str
    without: tuple[str, ...]


@dataclass(frozen=True)
class Vote:
    """One checker's decision on the files as they were (their hashes)."""

    checker: str
    verdict: Verdict
    comment: str
    files: Mapping[str, str]
    at: datetime
    narrowed: tuple[Narrowing, ...] = ()


@dataclass(frozen=True)
class Review:
    """The state of one output's review. ``files`` maps names to hashes."""

    id: str
    author: str
    state: State = "draft"
    files: Mapping[str, str] = field(default_factory=dict)
    checkers: tuple[str, ...] = ()
    votes: tuple[Vote, ...] = ()
    needed: int = 2


@dataclass(frozen=True)
class Command:
    """What somebody wants to do. What an act needs: submit, change: files; assign: checker; vote: verdict."""

    act: Act
    by: str
    at: datetime
    files: Mapping[str, str] = field(default_factory=dict)
    checker: str = ""
    verdict: Verdict | None = None
    comment: str = ""
    narrowed: tuple[Narrowing, ...] = ()


@dataclass(frozen=True)
class Event:
    """What happened: the command, and the state that it led to."""

    command: Command
    state: State


def decide(review: Review, command: Command) -> Event:
    """Return the event that the command becomes. Raises Refused naming each rule that forbids it."""
    if command.act not in TRANSITIONS[review.state]:
        raise Refused(
            [
                refusal(
                    "review.state", f"An output that is {review.state} cannot be acted on by {command.act!r}."
                )
            ]
        )
    no = tuple(forbidden(review, command))
    if no:
        raise Refused(no)
    event = Event(command, next_state(review, command))
    assert event.state in TRANSITIONS[review.state][command.act]
    return event


def forbidden(review: Review, command: Command) -> Iterable[Finding]:
    """Yield a refusal for each rule of ownership and blindness that the command breaks."""
    match command.act:
        case "submit" | "change" | "withdraw":
            if command.by != review.author:
                yield refusal("review.owner", "Only the author may submit, change or withdraw an output.")
            if command.act != "withdraw" and not (command.files or review.files):
                yield refusal("review.files", "There is no file to review.")
        case "assign":
            if command.checker == review.author:
                yield refusal("review.own-work", "The author cannot check their own output.")
            if not command.checker or command.checker in review.checkers:
                yield refusal("review.checker", "Name a checker who is not assigned yet.")
            if not wants_checker(review):
                yield refusal(
                    "review.enough", "There are enough checkers; a third comes in only when two differ."
                )
        case "vote":
            yield from forbidden_vote(review, command)
        case "release":
            if command.by == review.author:
                yield refusal("review.own-work", "The author cannot release their own output.")
            if command.files and dict(command.files) != dict(review.files):
                yield refusal("review.changed", "The files are not those that were approved.")


def wants_checker(review: Review) -> bool:
    """Return whether another checker may come in: two, and a third when they differ."""
    is_short = len(review.checkers) < review.needed + (review.state == "split")
    return "assign" in TRANSITIONS[review.state] and is_short


def forbidden_vote(review: Review, command: Command) -> Iterable[Finding]:
    """Yield a refusal for each rule that a vote breaks."""
    if command.by == review.author:
        yield refusal("review.own-work", "The author cannot check their own output.")
    elif command.by not in review.checkers:
        yield refusal("review.assigned", "Only an assigned checker may vote.")
    elif any(vote.checker == command.by for vote in review.votes):
        yield refusal("review.once", "A checker votes once on each version.")
    if command.verdict is None:
        yield refusal("review.verdict", "A vote is approve, change or reject.")
    if command.verdict in ("change", "reject") and not command.comment.strip():
        yield refusal("review.comment", "Say what has to change, or why not.")
    if command.files and dict(command.files) != dict(review.files):
        yield refusal("review.changed", "The files were changed since; look at them again.")
    unknown = [part.file for part in command.narrowed if part.file not in review.files]
    if unknown:
        yield refusal("review.files", "A part is kept back of a file that is not under review.")


def next_state(review: Review, command: Command) -> State:
    """Return the state after a command that is allowed."""
    match command.act:
        case "submit":
            return "submitted"
        case "assign":
            return "split" if review.state == "split" else "in-review"
        case "change":
            return review.state if review.state in ("draft", "changes-asked") else "submitted"
        case "release":
            return "released"
        case "withdraw":
            return "withdrawn"
        case "vote":
            assert command.verdict is not None
            return after_vote(review, command.verdict)


def after_vote(review: Review, verdict: Verdict) -> State:
    """Return the state after one more vote: decided when enough agree, split when the first two differ."""
    decided: Mapping[Verdict, State] = {
        "approve": "approved",
        "change": "changes-asked",
        "reject": "rejected",
    }
    if review.state == "split":
        return decided[verdict]
    verdicts = [vote.verdict for vote in review.votes] + [verdict]
    if len(verdicts) < review.needed:
        return "in-review"
    return decided[verdict] if len(set(verdicts)) == 1 else "split"


def evolve(review: Review, event: Event) -> Review:
    """Return the review after an event."""
    command = event.command
    match command.act:
        case "submit":
            return replace(
                review, state=event.state, files=command.files or review.files, votes=(), checkers=()
            )
        case "change":
            kept = () if event.state == "submitted" else review.checkers
            return replace(
                review, state=event.state, files=command.files or review.files, votes=(), checkers=kept
            )
        case "assign":
            return replace(review, state=event.state, checkers=(*review.checkers, command.checker))
        case "vote":
            assert command.verdict is not None
            vote = Vote(
                command.by, command.verdict, command.comment, dict(review.files), command.at, command.narrowed
            )
            return replace(review, state=event.state, votes=(*review.votes, vote))
        case _:
            return replace(review, state=event.state)


def seen_by(review: Review, person: str) -> Review:
    """Return the review as one person may see it: until it is decided a checker sees only their own vote, the author none."""
    if review.state not in ("in-review", "submitted", "split"):
        return review
    return replace(review, votes=tuple(vote for vote in review.votes if vote.checker == person))


def kept_back(review: Review) -> tuple[Narrowing, ...]:
    """Return all that any approving checker keeps back: the narrowest release that all agreed to."""
    return tuple(part for vote in review.votes if vote.verdict == "approve" for part in vote.narrowed)


def refusal(rule: str, message: str) -> Finding:
    """Return a refusal of the review's rules."""
    remedies = {
        "review.state": "See the states in the documentation.",
        "review.own-work": "Have somebody else do it.",
        "review.comment": "Add a comment.",
    }
    remedy = remedies.get(rule, "Ask the output team.")
    return Finding(rule, message, remedy, "review", "216", "SDC handbook; Data First user guide")


def diagram() -> str:
    """Return the states and acts as a Mermaid state diagram, for the documentation."""
    lines = ["stateDiagram-v2", "    [*] --> draft"]
    ids = {state: state.replace("-", "_") for state in TRANSITIONS}
    for state, acts in TRANSITIONS.items():
        lines.append(f"    {ids[state]} : {state} ({OWNER[state]})")
        lines += [f"    {ids[state]} --> {ids[to]} : {act}" for act, ends in acts.items() for to in ends]
        if not acts:
            lines.append(f"    {ids[state]} --> [*]")
    return "\n".join(lines) + "\n"
