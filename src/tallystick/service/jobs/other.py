"""What the worker does for a share beside the steps of its plan: a name, and the door that the core has for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from tallystick.agreement import io
from tallystick.share import acts, pack, review
from tallystick.share.acts import Clock
from tallystick.share.rooms import Share, locked


def draw_review(share: Share, clock: Clock, *, pairs: int) -> None:
    """Draw the sample of a clerical review."""
    with locked(share):
        acts.recover(share)
        review.draw(share, io.load(share.agreement), clock=clock, pairs=pairs)


def close_review(share: Share, clock: Clock) -> None:
    """Close a clerical review that is finished."""
    with locked(share):
        acts.recover(share)
        review.close(share, io.load(share.agreement), clock=clock)


def build_pack(share: Share, clock: Clock, *, early: str) -> None:
    """Build a board's pack as known today, or an early sight for somebody whom its memorandum lists."""
    pack.build(share, clock=clock, early=early)


OTHER: Mapping[str, Callable[..., Any]] = {
    "draw-review": draw_review,
    "close-review": close_review,
    "build-pack": build_pack,
}
