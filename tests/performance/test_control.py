"""Limits, intervals and steps equal published values on stated examples, and a series without change is left alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from itertools import product

import numpy as np
import pytest
from scipy import stats

from tallystick.performance import completeness
from tallystick.performance.control import chart, xmr
from tallystick.performance.forecast import forecast, predicted
from tallystick.performance.intervals import (
    byar,
    disparity,
    funnel,
    funnel_proportion,
    funnel_rate,
    rate_ratio,
    wilson,
)

FLOW = (49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1)


def test_xmr_nist_handbook_example() -> None:
    # NIST/SEMATECH e-Handbook of Statistical Methods, 6.3.2.2, batch flow rates
    limits = xmr(FLOW)
    assert round(limits.centre, 2) == 50.81
    assert round(limits.upper, 4) == 55.8041
    assert round(limits.lower, 4) == 45.8159
    # Wheeler 2000: natural limits at 2.66 mean moving ranges, ranges below 3.267 of them
    moving = np.mean(np.abs(np.diff(FLOW)))
    assert limits.upper == pytest.approx(limits.centre + 2.66 * moving, rel=1e-4)
    assert limits.range_limit == pytest.approx(3.267 * moving)


def test_chart_is_the_textbook_chart_where_there_is_nothing_to_adjust() -> None:
    rng = np.random.default_rng(5)
    values = np.round(rng.normal(400, 20, 20))
    shown = chart(values)
    limits = xmr(values)
    assert shown.together == 0
    assert shown.upper == pytest.approx(np.full(20, limits.upper))
    assert shown.lower == pytest.approx(np.full(20, limits.lower))


# Newcombe 1998 (Statistics in Medicine 17, 857-872), table I, method 3
@pytest.mark.parametrize(
    ("count", "total", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0000, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_newcombe_table(count: int, total: int, low: float, high: float) -> None:
    assert wilson(count, total) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize("count", [1, 2, 5, 10, 20, 50, 100, 400])
def test_byar_is_near_the_exact_poisson_interval(count: int) -> None:
    # Breslow and Day 1987, p. 69: "accurate enough for counts of ten and more"; the exact limits are chi-square quantiles (Ulm 1990)
    exact = (stats.chi2.ppf(0.025, 2 * count) / 2, stats.chi2.ppf(0.975, 2 * count + 2) / 2)
    assert byar(count)[0] == pytest.approx(exact[0], rel=0.005 if count >= 10 else 0.5)
    assert byar(count)[1] == pytest.approx(exact[1], rel=0.005)


def test_rate_ratio_katz_formula_by_hand() -> None:
    # 14 of 107 against 128 of 1,000: ln(RR) +/- 1.96 sqrt(1/14 - 1/107 + 1/128 - 1/1000)
    found = rate_ratio("a", 14, 107, 128, 1000)
    assert found is not None
    assert found.ratio == pytest.approx(14 / 107 / 0.128)
    half = 1.959964 * (1 / 14 - 1 / 107 + 1 / 128 - 1 / 1000) ** 0.5
    assert np.log([found.low, found.high]) == pytest.approx(
        [np.log(found.ratio) - half, np.log(found.ratio) + half], rel=1e-5
    )
    assert not found.differs


def test_disparity_compares_each_group_with_the_rest() -> None:
    found = {each.group: each for each in disparity({"a": (30, 100), "b": (60, 400), "c": (0, 10)})}
    assert set(found) == {"a", "b"}
    assert found["a"].ratio == pytest.approx(0.3 / (60 / 410))
    assert found["a"].differs
    one = disparity({"a": (30, 100), "b": (60, 400)}, against="b")
    assert [each.group for each in one] == ["a"]


def slow_limit(law: Callable[[int], float], tail: float) -> float:
    """Spiegelhalter 2005, appendix A.1.1: the least count whose distribution reaches the tail, less the part of it beyond."""
    count = 0
    while law(count) < tail:
        count += 1
    below = law(count - 1) if count else 0.0
    return count - (law(count) - tail) / (law(count) - below)


@pytest.mark.parametrize(
    ("size", "target", "tail"), list(product((5, 40, 333), (0.05, 0.3, 0.9), (0.025, 0.001, 0.975, 0.999)))
)
def test_funnel_limits_are_spiegelhalters(size: int, target: float, tail: float) -> None:
    binomial = slow_limit(lambda k: float(stats.binom.cdf(k, size, target)), tail)
    poisson = slow_limit(lambda k: float(stats.poisson.cdf(k, size * target)), tail)
    side = 0 if tail < 0.5 else 1
    one_tail = min(tail, 1 - tail)
    got = funnel_proportion(target, np.array([float(size)]), one_tail)[side][0]
    assert got == pytest.approx(max(binomial, 0) / size, abs=1e-9)
    got = funnel_rate(target, np.array([float(size)]), one_tail)[side][0]
    assert got == pytest.approx(max(poisson, 0) / size, abs=1e-9)


def test_funnel_limits_near_normal_ones_for_large_areas() -> None:
    low, high = funnel_proportion(0.2, np.array([100_000.0]), 0.025)
    reach = 1.959964 * np.sqrt(0.2 * 0.8 / 100_000)
    assert (low[0], high[0]) == pytest.approx((0.2 - reach, 0.2 + reach), abs=2e-5)


def test_funnel_marks_the_area_that_stands_out_and_widens_for_spread() -> None:
    rng = np.random.default_rng(7)
    totals = np.array([200.0, 400, 800, 1600, 300, 600, 900, 1200, 500, 700])
    counts = rng.binomial(totals.astype(int), 0.3).astype(float)
    counts[3] = 650
    found = funnel(tuple("abcdefghij"), counts, totals)
    assert found.place[3] == 2
    assert found.spread == 1
    wild = funnel(tuple("abcdefghij"), np.round(totals * rng.uniform(0.1, 0.5, 10)), totals)
    assert wild.spread > 5


def test_steps_are_found_where_they_are() -> None:
    rng = np.random.default_rng(3)
    values = 300 + 12 * rng.normal(size=36) + 25 * np.sin(2 * np.pi * np.arange(36) / 12)
    values[22:] += 70
    found = chart(values, series=12)
    assert [step.at for step in found.steps] == [22]
    assert found.steps[0].low < 70 < found.steps[0].high
    assert found.steps[0].change == pytest.approx(70 / 300, abs=0.08)


def test_nothing_is_compared_across_a_break() -> None:
    rng = np.random.default_rng(4)
    values = np.concatenate([rng.normal(500, 15, 18), rng.normal(900, 15, 18)])
    assert chart(values).steps
    apart = chart(values, breaks=(18,))
    assert apart.steps == ()
    assert apart.marks == (0,) * 36
    assert apart.starts == (18,)
    assert abs(apart.centre[0] - 500) < 20 < abs(apart.centre[35] - apart.centre[0])


def test_chart_of_few_points_has_no_limits() -> None:
    shown = chart(np.array([3.0, 90, 4, 70, 5]))
    assert np.isnan(shown.upper).all()
    assert shown.marks == (0,) * 5


def test_chart_with_gaps_keeps_places() -> None:
    rng = np.random.default_rng(6)
    values = rng.normal(100, 5, 36)
    values[[4, 5, 20]] = np.nan
    values[30] = 200
    shown = chart(values)
    assert shown.marks[30] == 1
    assert np.isnan(shown.upper[4])
    assert chart(np.full(30, np.nan)).steps == ()
    assert chart(np.full(30, 7.0)).marks == (0,) * 30


# series without change: the conditions that boards meet, each drawn anew
def wander(rng: np.random.Generator, count: int, size: int, rho: float) -> np.ndarray:
    noise = rng.normal(size=(count, size + 40))
    for at in range(1, size + 40):
        noise[:, at] = rho * noise[:, at - 1] + np.sqrt(1 - rho * rho) * noise[:, at]
    return noise[:, 40:]


def season(size: int) -> np.ndarray:
    return 20 * np.sin(2 * np.pi * np.arange(size) / 12)


UNCHANGED: dict[str, tuple[str, Callable[[np.random.Generator, int, int], np.ndarray]]] = {
    "normal": ("count", lambda rng, n, size: 200 + 10 * wander(rng, n, size, 0)),
    "neighbours go together a little": ("count", lambda rng, n, size: 200 + 10 * wander(rng, n, size, 0.3)),
    "neighbours go together": ("count", lambda rng, n, size: 200 + 10 * wander(rng, n, size, 0.5)),
    "small counts": ("count", lambda rng, n, size: rng.poisson(3, (n, size)).astype(float)),
    "counts": ("count", lambda rng, n, size: rng.poisson(60, (n, size)).astype(float)),
    "spread counts": ("count", lambda rng, n, size: rng.negative_binomial(20, 0.1, (n, size)).astype(float)),
    "skewed times": ("days", lambda rng, n, size: rng.gamma(9, 5, (n, size))),
    "season": ("count", lambda rng, n, size: 200 + 10 * wander(rng, n, size, 0) + season(size)),
    "season, together": ("count", lambda rng, n, size: 200 + 10 * wander(rng, n, size, 0.3) + season(size)),
    "shares": ("proportion", lambda rng, n, size: rng.binomial(300, 0.3, (n, size)) / 3.0),
}


@pytest.mark.parametrize("name", UNCHANGED)
def test_false_alarms_are_under_one_point_in_a_hundred(name: str) -> None:
    kind, draw = UNCHANGED[name]
    rng = np.random.default_rng(1)
    charts = [chart(row, kind=kind, series=12) for row in draw(rng, 100, 36)]
    marks = np.mean([mark != 0 for each in charts for mark in each.marks])
    assert marks < 0.01
    assert sum(bool(each.steps) for each in charts) <= 5


@pytest.mark.slow
@pytest.mark.parametrize(("name", "size"), list(product(UNCHANGED, (24, 36, 60))))
def test_false_alarms_on_two_thousand_series(name: str, size: int) -> None:
    kind, draw = UNCHANGED[name]
    rng = np.random.default_rng(2)
    charts = [chart(row, kind=kind, series=12) for row in draw(rng, 2000, size)]
    marks = np.array([np.mean([mark != 0 for mark in each.marks]) for each in charts])
    error = marks.std() / np.sqrt(len(marks))
    assert marks.mean() + 2 * error < 0.01
    # a step anywhere in one of twelve such series: 5% a board where points are independent, more where they go together
    assert np.mean([bool(each.steps) for each in charts]) < (0.03 if "together" in name else 0.0075)


@pytest.mark.slow
@pytest.mark.parametrize(("rho", "size"), list(product((0.0, 0.3, 0.5), (24, 36))))
def test_forecast_holds_four_of_five(rho: float, size: int) -> None:
    rng = np.random.default_rng(9)
    inside = []
    for row in 200 + 10 * wander(rng, 2000, size + 3, rho) + season(size + 3):
        found = forecast(chart(row[:size], series=12))
        if found is None:
            continue
        inside.append(
            [low <= value <= high for low, value, high in zip(found.low, row[size:], found.high, strict=True)]
        )
    assert len(inside) > 1900
    held = np.mean(inside, axis=1)
    error = held.std() / np.sqrt(len(held))
    # measured 0.78 to 0.85 over these conditions: the bounds stand at least four Monte Carlo errors from that
    assert error < 0.007
    assert 0.76 < held.mean() < 0.88


def test_forecast_of_an_unchanging_series_is_its_mean_and_follows_the_season() -> None:
    rng = np.random.default_rng(10)
    values = 500 + rng.normal(0, 4, 48) + 5 * season(48)
    found = forecast(chart(values))
    assert found is not None
    truth = 500 + 100 * np.sin(2 * np.pi * np.arange(48, 51) / 12)
    assert np.array(found.expected) == pytest.approx(truth, abs=8)


def test_predicted_is_the_textbook_interval_where_points_are_apart() -> None:
    # with places far apart nothing goes together whatever rho: mean, and s^2 (1 + 1/n) (Hyndman and Athanasopoulos 2018, 3.5)
    values = np.array([4.0, 7, 5, 9, 6, 5, 8, 4, 7, 6, 5, 6])
    places = 1000.0 * np.arange(12)
    mean, variance, _ = predicted(values, np.ones((12, 1)), places, np.array([12000.0]), np.ones((1, 1)))
    assert mean[0] == pytest.approx(values.mean())
    assert variance[0] == pytest.approx(values.var(ddof=1) * (1 + 1 / 12))


def test_forecast_needs_a_year_since_the_last_change() -> None:
    rng = np.random.default_rng(8)
    values = rng.normal(100, 3, 36)
    found = forecast(chart(values))
    assert found is not None
    assert len(found.expected) == 3
    assert all(a < b < c for a, b, c in zip(found.low, found.expected, found.high, strict=True))
    values[30:] += 60
    assert forecast(chart(values)) is None


# Taylor and Ashe 1983, the triangle of Mack 1993
TRIANGLE = """357848 1124788 1735330 2218270 2745596 3319994 3466336 3606286 3833515 3901463
352118 1236139 2170033 3353322 3799067 4120063 4647867 4914039 5339085
290507 1292306 2218525 3235179 3985995 4132918 4628910 4909315
310608 1418858 2195047 3757447 4029929 4381982 4588268
443160 1136350 2128333 2897821 3402672 3873311
396132 1333217 2180715 2985752 3691712
440832 1288463 2419861 3483130
359480 1421128 2864498
376686 1363294
344014"""


def test_completeness_is_macks_chain_ladder() -> None:
    rows = [[float(x) for x in line.split()] for line in TRIANGLE.splitlines()]
    values = np.full((10, 10), np.nan)
    for number, row in enumerate(rows):
        values[number, : len(row)] = row
    found = completeness.growth(values)
    # Mack 1993, p. 220: the factors, the reserves and their standard errors
    assert found.factors.round(3).tolist() == [3.491, 1.747, 1.457, 1.174, 1.104, 1.086, 1.054, 1.077, 1.018]
    reserve, error = {}, {}
    for number, row in enumerate(rows):
        ultimate, error[number + 1] = completeness.standard_error(row[-1], len(row) - 1, found)
        reserve[number + 1] = ultimate - row[-1]
    assert sum(reserve.values()) == pytest.approx(18_680_856, abs=1)
    assert reserve[2] == pytest.approx(94_634, abs=1)
    assert error[2] == pytest.approx(75_535, rel=0.001)
    assert reserve[10] == pytest.approx(4_625_811, abs=1)
    assert error[10] == pytest.approx(1_363_155, rel=0.001)


def returns(
    rng: np.random.Generator, months: int, law: tuple[float, ...]
) -> tuple[list[dict[str, object]], dict[date, float]]:
    """Publications of counts that come in late, as a board has them at the end of the last month, and the truth."""
    rows: list[dict[str, object]] = []
    truth = {}
    last = months + 24000
    for at in range(months):
        month = 24000 + at
        parts = rng.multinomial(rng.poisson(600), law)
        ends = date((month + 1) // 12, (month + 1) % 12 + 1, 1)
        truth[ends] = float(parts.sum())
        for age in range(len(law)):
            if month + 1 + age <= last:
                then = month + 1 + age
                rows.append(
                    {
                        "ends": ends,
                        "published": date(then // 12, then % 12 + 1, 15),
                        "value": float(parts[: age + 1].sum()),
                    }
                )
    return rows, truth


def test_completeness_says_how_much_is_still_to_come() -> None:
    rng = np.random.default_rng(11)
    rows, truth = returns(rng, 24, (0.7, 0.2, 0.08, 0.02))
    found = completeness.completeness(rows)
    latest = found[max(found)]
    assert latest.share == pytest.approx(0.7, abs=0.06)
    assert latest.low < truth[max(truth)] < latest.high
    assert found[min(found)].is_complete
    assert completeness.completeness(rows[:3]) == {}


@pytest.mark.slow
def test_completeness_interval_holds_nine_of_ten() -> None:
    rng = np.random.default_rng(12)
    inside = []
    for _ in range(2000):
        rows, truth = returns(rng, 24, (0.7, 0.2, 0.08, 0.02))
        found = completeness.completeness(rows)
        last = max(truth)
        inside.append(found[last].low <= truth[last] <= found[last].high)
    assert 0.85 < np.mean(inside) < 0.95
