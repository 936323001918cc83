"""Who is who: records of people cleaned, compared, scored and resolved into persons. Sees identifiers, never attributes."""

from tallystick.linkage.link import link
from tallystick.linkage.page import figures, page
from tallystick.linkage.refresh import refresh
from tallystick.linkage.spec import Engine, LinkageSpec, Linked, MatchKey
from tallystick.linkage.strength import strength
from tallystick.linkage.thresholds import persons_at

__all__ = [
    "Engine",
    "LinkageSpec",
    "Linked",
    "MatchKey",
    "figures",
    "link",
    "page",
    "persons_at",
    "refresh",
    "strength",
]
