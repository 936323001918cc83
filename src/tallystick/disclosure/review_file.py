"""A review's events as a file (JSON) that is read back only where each event follows from those before it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from tallystick.disclosure.review import Command, Event, Narrowing, Review, decide, evolve
from tallystick.errors import BadInput, Refused


def as_text(events: Sequence[Event]) -> str:
    """Return the events as JSON."""
    return json.dumps([_as_json(each) for each in events], indent=2, ensure_ascii=False)


def _as_json(event: Event) -> dict[str, object]:
    command = {**asdict(event.command), "at": event.command.at.isoformat()}
    return {"state": event.state, "command": command}


def load_events(path: Path) -> list[Event]:
    """Return a review's events. Raises BadInput where the file is none, or does not follow from its own beginning."""
    try:
        events = [_event(each) for each in json.loads(path.read_text(encoding="utf-8"))]
        state = Review(path.stem, events[0].command.by)
        for event in events:
            if decide(state, event.command) != event:
                raise ValueError("not what follows")
            state = evolve(state, event)
        return events
    except (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError, Refused):
        raise BadInput(f"{path.name}: it is not a review, or was edited by hand.") from None


def _event(kept: dict[str, dict[str, object]]) -> Event:
    command = dict(kept["command"])
    parts = tuple(Narrowing(part["file"], tuple(part["without"])) for part in command.pop("narrowed"))  # type: ignore[attr-defined]
    at = datetime.fromisoformat(str(command.pop("at")))
    return Event(Command(**command, at=at, narrowed=parts), kept["state"])  # type: ignore[arg-type]


def load_review(path: Path) -> Review:
    """Return the review that a file's events add up to. Raises BadInput where there is no such file, or it is no review."""
    if not path.is_file():
        raise BadInput(f"{path.name}: there is no such review.")
    return folded(path.stem, load_events(path))


def folded(review_id: str, events: Sequence[Event]) -> Review:
    """Return the review that events add up to; its author did the first of them."""
    state = Review(review_id, events[0].command.by)
    for event in events:
        state = evolve(state, event)
    return state


def narrowings(texts: Sequence[str]) -> tuple[Narrowing, ...]:
    """Return what stays behind, from FILE:PLACE. Raises BadInput for a text of another form."""
    made = []
    for text in texts:
        file, mark, place = (part.strip() for part in text.partition(":"))
        if not mark or not place:
            raise BadInput("What stays behind is written FILE:PLACE, such as table.csv:region=North.")
        made.append(Narrowing(file, (place,)))
    return tuple(made)
