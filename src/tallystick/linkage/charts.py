"""Charts of a linkage's quality as SVG text that needs no script and no font from elsewhere; a table beside each says the same."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

BLUE, GREY, INK = "#1d70b8", "#505a5f", "#0b0c0c"


def reliability_chart(bars: Sequence[Mapping[str, Any]]) -> str:
    """Return the reliability diagram of `reliability.diagram`'s bars: the share that is true by what the model says; empty without bars.

    On the dashed line a probability means what it says; the bars are 95 % intervals.
    """
    if not bars:
        return ""
    import altair as alt

    scale = alt.Scale(domain=[0, 1])
    data = alt.InlineData(values=[dict(bar) for bar in bars])
    x = alt.X(
        "probability:Q",
        title="Match probability that the model gives",
        axis=alt.Axis(format="%"),
        scale=scale,
    )
    even = (
        alt.Chart(alt.InlineData(values=[{"at": 0}, {"at": 1}]))
        .mark_line(strokeDash=[4, 3], color=GREY)
        .encode(x=alt.X("at:Q", scale=scale), y=alt.Y("at:Q", scale=scale))
    )
    spans = (
        alt.Chart(data)
        .mark_rule(color=BLUE)
        .encode(x=x, y=alt.Y("true_low:Q", scale=scale), y2=alt.Y2("true_high:Q"))
    )
    dots = (
        alt.Chart(data)
        .mark_circle(size=80, color=BLUE, opacity=1)
        .encode(
            x=x,
            y=alt.Y(
                "true:Q", title="Share that reviewers found true", axis=alt.Axis(format="%"), scale=scale
            ),
        )
    )
    return drawn((even + spans + dots).properties(width=380, height=320))


def drawn(chart: Any) -> str:
    """Return an Altair chart as SVG that a screen reader passes over."""
    import vl_convert

    svg = vl_convert.vegalite_to_svg(chart.configure(font="sans-serif").to_dict())
    return re.sub(r"<svg ", '<svg aria-hidden="true" focusable="false" ', svg, count=1)
