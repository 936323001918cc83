"""The figures of a report as SVG, drawn from rounded values only; a table beside each says the same."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["bars", "dots", "intervals", "lines"]


def _svg(chart: Any) -> str:
    import vl_convert

    # Browsers' sans-serif can be wider than the one that the labels were measured with: leave them room.
    spaced = chart.properties(padding={"left": 40, "right": 10, "top": 5, "bottom": 5})
    text = vl_convert.vegalite_to_svg(spaced.configure(font="sans-serif").to_dict())
    return re.sub(r"<svg ", '<svg aria-hidden="true" focusable="false" ', text, count=1)


def intervals(values: list[dict[str, Any]]) -> str:
    """Return an SVG of points with intervals and a line at nought; ``values`` have name, at, low, high."""
    import altair as alt

    base = alt.Chart(alt.InlineData(values=values)).encode(
        y=alt.Y("name:N", title=None, sort=None, axis=alt.Axis(labelLimit=0))
    )
    rule = base.mark_rule(strokeWidth=2, color="#1d70b8").encode(
        x=alt.X("low:Q", title="Difference"), x2="high:Q"
    )
    dot = base.mark_point(filled=True, size=80, color="#1d70b8", opacity=1).encode(x="at:Q")
    nought = (
        alt.Chart(alt.InlineData(values=[{"z": 0}]))
        .mark_rule(strokeDash=[4, 3], color="#505a5f")
        .encode(x="z:Q")
    )
    return _svg((rule + dot + nought).properties(width=420, height=max(60, 28 * len(values))))


def bars(values: list[dict[str, Any]]) -> str:
    """Return an SVG of how many were left at each stage; ``values`` have name, left."""
    import altair as alt

    chart = alt.Chart(alt.InlineData(values=values)).mark_bar(color="#1d70b8")
    return _svg(
        chart.encode(x=alt.X("left:Q", title="People left"), y=alt.Y("name:N", title=None, sort=None, axis=alt.Axis(labelLimit=0)))
        .properties(width=420, height=28 * len(values))
    )  # fmt: skip


def dots(values: list[dict[str, Any]]) -> str:
    """Return a love plot as SVG; ``values`` have name, at, when (before or after)."""
    import altair as alt

    chart = alt.Chart(alt.InlineData(values=values)).mark_point(filled=True, size=60, opacity=1)
    return _svg(
        chart.encode(
            x=alt.X("at:Q", title="Standardised difference, without sign"),
            y=alt.Y("name:N", title=None, sort=None, axis=alt.Axis(labelLimit=0)),
            color=alt.Color("when:N", title=None, scale=alt.Scale(domain=["before", "after"], range=["#942514", "#1d70b8"])),
            shape=alt.Shape("when:N", title=None, scale=alt.Scale(domain=["before", "after"])),
        ).properties(width=420, height=max(80, 9 * len(values)))
    )  # fmt: skip


def lines(values: list[dict[str, Any]]) -> str:
    """Return the curves of two groups as SVG; ``values`` have day, share, group."""
    import altair as alt

    scale = alt.Scale(domain=["took part", "comparison"], range=["#1d70b8", "#942514"])
    chart = alt.Chart(alt.InlineData(values=values)).mark_line(interpolate="step-after")
    return _svg(
        chart.encode(
            x=alt.X("day:Q", title="Days after the index date"), y=alt.Y("share:Q", title="Share", axis=alt.Axis(format="%")),
            color=alt.Color("group:N", title=None, scale=scale),
            strokeDash=alt.StrokeDash("group:N", title=None, scale=alt.Scale(domain=["took part", "comparison"])),
        ).properties(width=420, height=200)
    )  # fmt: skip
