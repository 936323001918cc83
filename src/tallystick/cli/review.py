"""`tally review`: people look at a sample of pairs, side by side, and say whether each is one person."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tallystick.cli import output
from tallystick.cli.run import Actor, Folder, Json, clock

if TYPE_CHECKING:
    from tallystick.share.review import Shown

KEYS = {"y": "yes", "n": "no", "?": "unsure"}
ASK = "One person? y yes, n no, ? cannot tell, u take back the last, q stop: "
WIDTH = 30
CLEAR = "\x1b[2J\x1b[3J\x1b[H"  # the screen and what it scrolled: names do not stay in the terminal


def review(
    folder: Folder = Path(),
    pairs: Annotated[
        int | None,
        typer.Option(
            "--pairs", min=1, help="Pairs to draw (default: the agreement's review_sample, else 300)."
        ),
    ] = None,
    looks: Annotated[
        int,
        typer.Option(
            "--looks", min=1, max=2, help="How many people judge each pair; with 2 a third settles."
        ),
    ] = 2,
    hide_weight: Annotated[
        bool, typer.Option("--hide-weight", help="Do not show what the model says of a pair.")
    ] = False,
    close: Annotated[
        bool, typer.Option("--close", help="Close the finished review: estimates, decisions, new links.")
    ] = False,
    seed: Annotated[int, typer.Option("--seed", help="For the draw.")] = 1,
    actor: Actor = None,
    as_json: Json = False,
) -> None:
    """Judge pairs of records: the sample is drawn on first use; each answer is kept at once; stop and go on as you like.

    With --json nobody is asked: it prints how far the review is. Give your name with --as; two people judge each pair, blind to each other.
    """
    from tallystick.agreement import io
    from tallystick.share import acts
    from tallystick.share import review as door
    from tallystick.share.rooms import locked, open_share

    share = open_share(folder)
    agreement, now = io.load(share.agreement), clock(actor)
    if close:
        with locked(share):
            acts.recover(share)
            found = door.close(share, agreement, clock=now)
        output.say(found, as_json=as_json, text=told(found))
        return
    if not acts.is_done(share, door.DRAWN):
        with locked(share), output.progress("drawing the sample"):
            acts.recover(share)
            door.draw(share, agreement, clock=now, pairs=pairs, looks=looks, seed=seed)
        if not as_json:
            output.line(promised(door.design(share)))
    if as_json or acts.is_done(share, door.CLOSED):
        standing = door.status(share, now.actor)
        output.say(standing, as_json=as_json, text=progress(standing))
        return
    if door.status(share, now.actor)["left_for_you"]:
        _sit(share, door.look(share, agreement, clock=now), actor, hide_weight=hide_weight)
    output.line(progress(door.status(share, now.actor)))


def _sit(share: Any, pairs: Sequence[Shown], actor: str | None, *, hide_weight: bool) -> None:
    """Show pair after pair to one reviewer until none is left or they stop."""
    from tallystick.errors import BadInput
    from tallystick.linkage.review import left_for, next_pair
    from tallystick.share import review as door

    state, keys = door.state(share), _keys()
    while (number := next_pair(state, clock(actor).actor)) is not None:
        output.line(f"\n{left_for(state, clock(actor).actor)} left for you")
        output.line("\n".join(drawn(pairs[number], hide_weight=hide_weight)))
        sys.stdout.write(ASK)
        sys.stdout.flush()
        key = next(keys, "q")
        output.line(key)
        if sys.stdout.isatty():
            sys.stdout.write(CLEAR)
        if key == "q":
            return
        try:
            if key == "u":
                state = door.take_back(share, clock=clock(actor))
            elif key in KEYS:
                state = door.judge(share, number, KEYS[key], clock=clock(actor))
            else:
                output.line("That is none of the keys.")
        except BadInput as refused:
            output.line(refused.message)
            state = door.state(share)


def _keys() -> Iterator[str]:
    """Yield keys: single ones from a terminal, the first letter of each line from a pipe."""
    if sys.stdin.isatty():
        while True:
            yield typer.getchar().lower()
    for line in sys.stdin:
        yield line.strip().lower()[:1]


def drawn(shown: Shown, *, hide_weight: bool) -> list[str]:
    """Return a pair as lines: each field on both sides, `=` or `≠` between, what differs in brackets; then the weight as bars."""
    from tallystick.linkage.explain import marked

    wide = max([len(name) for name, _, _ in shown.fields], default=0)
    lines = [f"Pair {shown.pair + 1}"]
    for name, left, right in shown.fields:
        one, other = (left, right) if name == "source" else marked(left, right)
        sign = " " if name == "source" or not (left and right) else "=" if left == right else "≠"
        lines.append(f"  {name.ljust(wide)}  {_cell(one)} {sign} {other or '–'}".rstrip())
    if hide_weight:
        return lines
    said = "no weight of its own" if shown.weight is None else f"match weight {shown.weight:+.1f} bits"
    lines.append(f"  {said}: what speaks for one person (█) and against (░)")
    wide = max(len(bar.comparison) for bar in shown.bars)
    lines += [
        f"    {bar.comparison.ljust(wide)}  {bar.bits:+6.1f} {_bar(bar.bits)} {bar.level}"
        for bar in shown.bars
    ]
    return lines


def _cell(text: str) -> str:
    return (text or "–").ljust(WIDTH)


def _bar(bits: float) -> str:
    return (("█" if bits > 0 else "░") * min(round(abs(bits)), 20)).ljust(20)


def promised(design: dict[str, Any]) -> str:
    """Return what the sample just drawn should show, in lines for a reviewer."""
    widths = [
        f"{name} to within {design[name]:.1%} either way"
        for name in ("precision", "recall")
        if design[name] is not None
    ]
    return (
        f"Drawn: {sum(one['sample'] for one in design['strata'])} units in {len(design['strata'])} strata, some from what blocking lost. "
        + (f"If the model is about right, they give {' and '.join(widths)}. " if widths else "")
        + "Each answer is kept at once: stop with q and go on later. What differs stands in [brackets]; – is missing."
    )


def progress(standing: dict[str, Any]) -> str:
    """Return where the review stands, in a line or two."""
    people = ", ".join(f"{name} {count}" for name, count in standing["judged_by"].items())
    text = f"{standing['settled']} of {standing['pairs']} pairs settled" + (
        f" (judged: {people})." if people else "."
    )
    if standing["closed"]:
        return text + " The review is closed."
    if standing["finished"]:
        return text + " Every pair is settled: `tally review --close` makes the estimates."
    if not standing["left_for_you"]:
        return text + " Nothing is left for you: another person must look (--as NAME)."
    return text


def told(found: dict[str, Any]) -> str:
    """Return a closed review's figures, in lines for a person."""
    from tallystick.linkage.reviewed import in_words

    return "\n".join(f"{what}: {said}" for what, said in in_words(found))
