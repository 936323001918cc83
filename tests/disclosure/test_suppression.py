"""After protection no sensitive cell is pinned more closely than the limit, by an audit that knows nothing of the protector."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from tallystick.disclosure.attacker import intervals, propagate
from tallystick.disclosure.cellkey import noise_table, perturbed, record_keys
from tallystick.disclosure.grid import Dimension, Grid, with_totals
from tallystick.disclosure.linked import joint_audit, suppress_linked, system
from tallystick.disclosure.moves import move
from tallystick.disclosure.proof import audit
from tallystick.disclosure.rounding import at_random, controlled, nearest
from tallystick.disclosure.suppression import dominated, small, suppress, width_need
from tallystick.errors import BadInput, Refused

MINIMUM = 10


def grid_of(values: np.ndarray) -> Grid:
    dimensions = tuple(Dimension.of(f"d{a}", [f"c{i}" for i in range(n)]) for a, n in enumerate(values.shape))
    return with_totals(Grid(dimensions, values.astype(float)))


def hierarchical(random: np.random.Generator) -> Grid:
    """Two regions of three areas by four columns, with subtotals and totals."""
    leaves = random.integers(0, 60, (6, 4)).astype(float)
    north, south = leaves[:3].sum(axis=0), leaves[3:].sum(axis=0)
    rows = np.vstack([leaves, north, south, north + south])
    values = np.hstack([rows, rows.sum(axis=1, keepdims=True)])
    area = Dimension.of(
        "area",
        ["a", "b", "c", "d", "e", "f", "North", "South", "Total"],
        {
            **dict.fromkeys("abc", "North"),
            **dict.fromkeys("def", "South"),
            "North": "Total",
            "South": "Total",
        },
    )
    return Grid((area, Dimension.of("kind", ["w", "x", "y", "z", "Total"])), values)


def worst(grid: Grid, hidden: np.ndarray, cell: int, floor: float) -> tuple[float, float]:
    """The interval of one cell, by a linear program written out plainly."""
    values = grid.values.reshape(-1)
    bounds = [(floor, None) if hidden[c] else (values[c], values[c]) for c in range(grid.size)]
    goal = np.zeros(grid.size)
    goal[cell] = 1
    matrix = grid.sums().toarray()
    ends = [linprog(sign * goal, A_eq=matrix, b_eq=np.zeros(len(matrix)), bounds=bounds) for sign in (1, -1)]
    return ends[0].fun, np.inf if ends[1].status == 3 else -ends[1].fun


tables = st.one_of(
    st.tuples(st.integers(2, 5), st.integers(2, 5)),
    st.tuples(st.integers(2, 3), st.integers(2, 3), st.integers(2, 4)),
)


@settings(max_examples=25, deadline=None)
@given(tables, st.integers(0, 10_000), st.sampled_from(["exact", "moves"]), st.booleans())
def test_suppression_never_leaves_a_small_cell_pinned(
    shape: tuple[int, ...], seed: int, method: str, zeros: bool
) -> None:
    grid = grid_of(np.random.default_rng(seed).integers(0, 50, shape))
    primary = small(grid, MINIMUM, zeros)
    floor = 0.0 if zeros else 1.0
    asked = np.flatnonzero(primary)[:6]
    try:
        made = suppress(grid, primary, width_need(int(primary.sum()), MINIMUM), floor=floor, method=method)  # type: ignore[arg-type]
    except Refused:
        # only where even hiding all that may be hidden is not enough
        everything = ~np.isnan(grid.values.reshape(-1)) & (grid.values.reshape(-1) >= floor)
        pinned = [worst(grid, everything, int(c), floor) for c in np.flatnonzero(primary)]
        assert any(high - low < MINIMUM - 1e-6 for low, high in pinned)
        return
    assert made.hidden[primary].all()
    for cell in asked:
        low, high = worst(grid, made.hidden, int(cell), floor)
        assert high - low >= MINIMUM - 1e-6


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000))
def test_suppression_holds_in_hierarchies(seed: int) -> None:
    grid = hierarchical(np.random.default_rng(seed))
    primary = small(grid, MINIMUM)
    made = suppress(grid, primary, width_need(int(primary.sum()), MINIMUM), method="moves")
    for cell in np.flatnonzero(primary)[:5]:
        low, high = worst(grid, made.hidden, int(cell), 0.0)
        assert high - low >= MINIMUM - 1e-6


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_moves_claim_no_more_than_the_program_finds(seed: int) -> None:
    random = np.random.default_rng(seed)
    grid = grid_of(random.integers(0, 40, (4, 4)))
    hidden = random.random(grid.size) < 0.5
    asked = np.flatnonzero(hidden)
    if not len(asked):
        return
    moved = move(grid, hidden.copy(), asked, width_need(len(asked), MINIMUM), 0.0)
    values = grid.values.reshape(-1)
    for at, cell in enumerate(asked):
        low, high = worst(grid, hidden, int(cell), 0.0)
        assert values[cell] + moved.up[at] <= high + 1e-6
        assert values[cell] - moved.down[at] >= low - 1e-6


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_intervals_are_exact_and_propagation_is_never_narrower(seed: int) -> None:
    random = np.random.default_rng(seed)
    grid = grid_of(random.integers(0, 40, (3, 4)))
    hidden = random.random(grid.size) < 0.4
    asked = np.flatnonzero(hidden)
    if not len(asked):
        return
    values = grid.values.reshape(-1)
    low, high = np.where(hidden, 0.0, values), np.where(hidden, np.inf, values)
    found = intervals(grid.sums(), low, high, asked)
    outer = propagate(grid.sums(), low, high)
    for at, cell in enumerate(asked):
        assert (found.low[at], found.high[at]) == pytest.approx(worst(grid, hidden, int(cell), 0.0), abs=1e-6)
        assert outer[0][cell] <= found.low[at] + 1e-6
        assert outer[1][cell] >= found.high[at] - 1e-6


def test_exact_hides_no_more_than_moves() -> None:
    for seed in range(6):
        grid = grid_of(np.random.default_rng(seed).integers(3, 60, (4, 4)))
        primary = small(grid, MINIMUM)
        need = width_need(int(primary.sum()), MINIMUM)
        exact, fast = (suppress(grid, primary, need, method=m) for m in ("exact", "moves"))  # type: ignore[arg-type]
        from tallystick.disclosure.program import costs

        price = costs(grid, primary)
        assert price[exact.secondary].sum() <= price[fast.secondary].sum() * 1.001


def test_audit_names_a_cell_that_totals_give_away() -> None:
    grid = grid_of(np.array([[3, 40], [50, 60]]))
    hidden = np.zeros(grid.size, dtype=bool)
    hidden[0] = True
    found = audit(grid, hidden, np.array([0]), width_need(1, MINIMUM))
    assert found.exposed[0].low == pytest.approx(3)
    assert found.exposed[0].high == pytest.approx(3)
    assert found.exact == 1


def test_suppress_refuses_what_cannot_be_protected_and_names_the_cell() -> None:
    grid = grid_of(np.array([[3, 0], [0, 60]]))
    with pytest.raises(Refused) as raised:
        suppress(grid, small(grid, MINIMUM), width_need(int(small(grid, MINIMUM).sum()), MINIMUM), floor=60.0)
    assert "d0=" in raised.value.findings[0].where


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000))
def test_linked_tables_hide_alike_and_stand_up_together(seed: int) -> None:
    random = np.random.default_rng(seed)
    cube = random.integers(0, 40, (3, 3, 3)).astype(float)
    one, other = (
        with_totals(
            Grid(
                (Dimension.of("region", ["a", "b", "c"]), Dimension.of(name, ["x", "y", "z"])),
                cube.sum(axis=axis),
            )
        )
        for name, axis in (("sex", 2), ("age", 1))
    )
    cells = [small(g, 40) for g in (one, other)]
    try:
        made = suppress_linked([one, other], cells, [width_need(int(p.sum()), 40) for p in cells])
    except Refused:
        return
    whole = system([one, other])
    hidden = np.zeros(len(whole.values), dtype=bool)
    for at, pattern in zip(whole.places, made.hidden, strict=True):
        hidden[at[pattern]] = True
    for at, pattern in zip(whole.places, made.hidden, strict=True):
        assert (hidden[at] == pattern).all(), "a shared cell is hidden in both or in neither"
    sensitive = np.unique(np.concatenate([at[p] for at, p in zip(whole.places, made.primary, strict=True)]))
    need = np.zeros((len(whole.values), 3))
    need[:, 2] = 40
    assert not joint_audit(whole, hidden, sensitive, need, 0.0).exposed


def test_dominance_rules_agree_with_their_definitions() -> None:
    grid = Grid((Dimension.of("x", ["a", "b", "c"]),), np.array([100.0, 100.0, 100.0]))
    found = dominated(grid, np.array([50.0, 80.0, 40.0]), np.array([45.0, 5.0, 30.0]), 0.9, 0.1)
    # a: 95 > 90; b: 85, and 15 left is over 8; c: 70
    assert found.tolist() == [True, False, False]


@given(
    st.lists(st.integers(0, 500), min_size=1, max_size=30), st.sampled_from([3, 5, 10]), st.integers(0, 99)
)
def test_rounding_gives_multiples_within_the_base(values: list[int], base: int, seed: int) -> None:
    given_values = np.array(values, dtype=float)
    for made, far in (
        (nearest(given_values, base), base / 2),
        (at_random(given_values, base, np.random.default_rng(seed)), base - 1),
    ):
        assert (made % base == 0).all()
        assert (abs(made - given_values) <= far).all()


def test_random_rounding_has_no_bias() -> None:
    random = np.random.default_rng(3)
    made = at_random(np.full(200_000, 7.0), 5, random)
    assert made.mean() == pytest.approx(7, abs=0.03)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([3, 5]))
def test_controlled_rounding_keeps_every_total(seed: int, base: int) -> None:
    grid = grid_of(np.random.default_rng(seed).integers(0, 60, (4, 5)))
    made = controlled(grid, base)
    assert abs(grid.sums() @ made.values.reshape(-1)).max() < 1e-9
    assert (made.values % base == 0).all()
    assert (abs(made.values - grid.values) < base).all()


def test_noise_is_unbiased_and_makes_no_small_counts() -> None:
    noise = noise_table(5, 2.0, 2)
    for count, row in enumerate(noise.noise):
        assert abs(row.mean()) < 0.02
        assert not set(count + row) & {1, 2}
        assert (count + row >= 0).all()
    assert not noise.noise[0].any()
    assert noise.noise[-1].var() == pytest.approx(2, rel=0.05)


def test_perturbation_is_the_same_wherever_the_same_people_are_counted() -> None:
    import pyarrow as pa

    random = np.random.default_rng(1)
    ids = pa.array([f"p{i}" for i in range(5000)])
    keys = record_keys(ids, b"s" * 32)
    assert 100 < keys.mean() < 155
    sex, age = random.integers(0, 2, 5000), random.integers(0, 40, 5000)
    noise = noise_table()
    table, _ = perturbed(sex * 40 + age, keys, 80, noise)
    only, true = perturbed(age[sex == 1], keys[sex == 1], 40, noise)
    assert (table[40:] == only).all()
    assert (only != true).any()


def test_dimension_refuses_circles_and_repeats() -> None:
    with pytest.raises(BadInput, match="twice"):
        Dimension.of("x", ["a", "a"])
    with pytest.raises(BadInput, match="circle"):
        Dimension.of("x", ["a", "b"], {"a": "b", "b": "a"})
    with pytest.raises(BadInput, match="lacks"):
        Dimension.of("x", ["a"], {"a": "z"})
