"""The charts of the report, as SVG text that needs no script and no font from elsewhere."""

from __future__ import annotations

import re
from typing import Any


def rates_chart(rows: list[dict[str, Any]], overall: float | None) -> str:
    """Return an SVG dot plot of the share linked in each group, with a line at the rate of all; empty if none shows.

    ``rows`` have group, records and linked_share (0 to 1, None where hidden). The table beside it says the same.
    """
    shown = [row for row in rows if row["linked_share"] is not None]
    if not shown or overall is None:
        return ""
    import altair as alt
    import vl_convert

    dots = (
        alt.Chart(alt.InlineData(values=shown))
        .mark_circle(size=90, color="#1d70b8", opacity=1)
        .encode(
            x=alt.X("linked_share:Q", title="Share that linked", axis=alt.Axis(format="%")).scale(zero=False),
            y=alt.Y("group:N", title=None, sort=None, axis=alt.Axis(labelLimit=0)),
        )
    )
    line = (
        alt.Chart(alt.InlineData(values=[{"all": overall}]))
        .mark_rule(strokeDash=[4, 3], color="#505a5f")
        .encode(x="all:Q")
    )
    chart = (line + dots).properties(width=420, height=26 * len(shown)).configure(font="sans-serif")
    svg = vl_convert.vegalite_to_svg(chart.to_dict())
    return re.sub(r"<svg ", '<svg aria-hidden="true" focusable="false" ', svg, count=1)
