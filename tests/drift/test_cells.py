"""Counting values into cells."""

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor_core.drift.accumulate import Accumulator
from monitor_core.drift.cells import Run, counter, kind_of, to_numbers
from monitor_core.drift.granules import RowGroups
from monitor_core.drift.grid import FeatureGrid, Grid
from monitor_core.drift.place import place_levels, place_numbers, place_truth
from monitor_core.drift.results import FeatureKind
from monitor_core.drift.summary import Tally

VALUES = st.floats(width=64) | st.sampled_from([0.0, -0.0, 5e-324, np.inf, -np.inf, np.nan, 1.0, 2.0])


def numeric(values, *, knots=20) -> FeatureGrid:
    return place_numbers("x", FeatureKind.NUMERIC, "feature", "double", np.sort(np.asarray(values)), knots=knots)


def counted(feature: FeatureGrid, column: pa.Array, codes=None):
    """Count `column`, rows grouped by `codes`; return the accumulator, one row a code."""
    grid = Grid((feature,))
    into = Accumulator(grid)
    codes = np.zeros(len(column), int) if codes is None else np.asarray(codes)
    order = np.argsort(codes, kind="stable")
    distinct, starts = np.unique(codes[order], return_index=True)
    keys = tuple((str(code), "") for code in distinct)
    groups = RowGroups(keys, np.append(starts, len(column)), None if np.array_equal(order, np.sort(order)) else order)
    counter(feature, column.type, index=0, offset=0).add(column, Run(groups, into, into.places(keys)))
    return into


def by_definition(knots, values):
    """Cells by the definition, one comparison at a time."""
    finite = [value for value in values if value is not None and not np.isnan(value)]
    cells = np.zeros(len(knots) + 1, int)
    for value in finite:
        cells[sum(value >= knot for knot in knots)] += 1
    return cells.tolist()


@settings(deadline=None)
@given(st.lists(VALUES.filter(lambda v: not np.isnan(v)), min_size=1), st.lists(VALUES | st.none()), st.data())
def test_cells_hold_what_the_definition_says(baseline, current, data):
    """Cell i holds knots[i-1] <= x < knots[i], in any granule, for any values at all."""
    feature = numeric(baseline)
    codes = data.draw(st.lists(st.integers(0, 3), min_size=len(current), max_size=len(current)))
    if not current:
        return
    into = counted(feature, pa.array(current, pa.float64()), codes)
    for place, code in enumerate(sorted(set(codes))):
        mine = [value for value, of in zip(current, codes, strict=True) if of == code]
        assert into.cells[place].tolist() == by_definition(feature.knots, mine)
        tally = into.tallies[place, 0]
        assert tally[Tally.NULL] == sum(value is None for value in mine)
        assert tally[Tally.NAN] == sum(value is not None and np.isnan(value) for value in mine)
        assert tally[Tally.POSITIVE_INFINITE] == sum(value == np.inf for value in mine)
        assert tally[Tally.NEGATIVE_INFINITE] == sum(value == -np.inf for value in mine)


@settings(deadline=None)
@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1), st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1))
def test_whole_numbers_count_exactly(baseline, current):
    """64-bit integers are compared as integers, beyond what doubles can tell apart."""
    feature = numeric(np.array(baseline, np.int64))
    into = counted(feature, pa.array(current, pa.int64()))
    assert into.cells[0].tolist() == by_definition([int(knot) for knot in feature.knots], current)


@pytest.mark.parametrize("n_runs", [1, 3, 400])
def test_many_runs_give_the_sums_of_few(n_runs):
    """Cells, extremes and sums do not depend on how the rows fall into granules."""
    rng = np.random.default_rng(1)
    feature, values = numeric(rng.normal(size=5_000), knots=2000), rng.normal(size=20_000)
    codes = rng.integers(0, n_runs, 20_000)
    into = counted(feature, pa.array(values), codes)
    whole = counted(feature, pa.array(values))
    assert np.array_equal(into.cells[:n_runs].sum(axis=0), whole.cells[0])
    assert into.least[:n_runs].min() == values.min()
    assert into.greatest[:n_runs].max() == values.max()
    assert np.allclose(into.sums[:n_runs].sum(axis=0), whole.sums[0])


def test_infinite_values_are_kept_out_of_the_moments():
    """Extremes and sums are those of the finite values."""
    feature = numeric([0.0, 1.0, 2.0])
    into = counted(feature, pa.array([np.inf, 1.0, -np.inf, 2.0, np.nan]))
    assert (into.least[0, 0], into.greatest[0, 0]) == (1.0, 2.0)
    assert into.sums[0, 0, 0] * feature.scale + 2 * feature.shift == pytest.approx(3.0)


@pytest.mark.parametrize(
    "column",
    [
        pa.array([1, 2, 3], pa.int8()),
        pa.array([1, 2, 3], pa.uint64()),
        pa.array([1.0, 2.0, 3.0], pa.float16()),
        pa.array([1.0, 2.0, 3.0], pa.float32()),
        pa.array([Decimal("1.00"), Decimal("2.00"), Decimal("3.00")]),
        pa.array([1, 2, 3]).dictionary_encode(),
    ],
    ids=lambda column: str(column.type),
)
@pytest.mark.parametrize("baseline", [np.array([1.0, 2.0, 3.0]), np.array([1, 2, 3])], ids=["float", "int"])
def test_numbers_of_any_width_count_alike(column, baseline):
    """The type in which a number comes does not move it to another cell."""
    feature = numeric(baseline)
    assert counted(feature, column).cells[0].tolist() == by_definition(feature.knots, [1, 2, 3])


def test_dates_and_timestamps_count_on_the_same_cells():
    """A date is the first moment of its day."""
    days = np.array(["2026-01-01", "2026-01-02"], "datetime64[D]")
    micros = np.sort(days.astype("datetime64[us]").astype(np.int64))
    feature = place_numbers("d", FeatureKind.DATETIME, "feature", "date32[day]", micros, knots=20)
    for kind in (pa.date32(), pa.date64(), pa.timestamp("s"), pa.timestamp("ns", "UTC")):
        cells = counted(feature, pa.array(days).cast(pa.timestamp("s")).cast(kind)).cells[0]
        assert cells[np.searchsorted(feature.knots, micros, "right")].tolist() == [1, 1]


def test_levels_count_with_other_levels_apart():
    """Known levels, unknown ones, and missing ones."""
    feature = place_levels("c", "feature", "string", [("a", 5), ("b", 4)], n_values=9, max_levels=10)
    column = pa.array(["b", None, "new", "a", "b"])
    for form in (column, column.dictionary_encode(), column.cast(pa.large_string()), column.cast(pa.string_view())):
        for codes in (None, [0, 1, 0, 1, 0]):
            into = counted(feature, form, codes)
            assert into.cells[:, :].sum(axis=0).tolist() == [1, 2, 1]
            assert into.tallies[:, 0, Tally.NULL].sum() == 1


def test_missing_entries_of_a_dictionary_are_missing():
    """A null inside the dictionary counts as a null."""
    feature = place_levels("c", "feature", "string", [("a", 5)], n_values=5, max_levels=10)
    column = pa.DictionaryArray.from_arrays(pa.array([0, 1, 0]), pa.array(["a", None]))
    into = counted(feature, column)
    assert into.cells[0].tolist() == [2, 0]
    assert into.tallies[0, 0, Tally.NULL] == 1


def test_numbers_count_on_the_levels_of_a_category():
    """Codes that came as text and now come as numbers go by their text."""
    feature = place_levels("c", "feature", "string", [("1", 5), ("2", 4)], n_values=9, max_levels=10)
    assert counted(feature, pa.array([1, 2, 2, 7])).cells[0].tolist() == [1, 2, 1]


def test_truth_values_and_zero_or_one_count_alike():
    """A flag may come as a truth value or as a number."""
    flag = place_truth("t", "feature", "bool")
    assert counted(flag, pa.array([True, None, False, True])).cells[0].tolist() == [1, 2, 0]
    assert counted(flag, pa.array([1, 0, 7, None, 1])).cells[0].tolist() == [1, 2, 1]
    number = numeric(np.array([0, 1]))
    assert counted(number, pa.array([True, False, True])).cells[0].tolist() == [0, 1, 2, 0]


@pytest.mark.parametrize(
    ("column", "tally"),
    [(pa.array(["1", "2"]), Tally.RETYPED), (pa.nulls(2), Tally.NULL), (pa.array([[1], [2]]), Tally.RETYPED)],
)
def test_what_cannot_be_counted_is_tallied(column, tally):
    """Text instead of numbers, lists, and columns without any value raise nothing."""
    into = counted(numeric([1.0, 2.0]), column)
    assert into.cells.sum() == 0
    assert into.tallies[0, 0, tally] == 2


def test_an_absent_column_is_tallied():
    """Rows without the column are counted as such."""
    feature = numeric([1.0])
    into = Accumulator(Grid((feature,)))
    groups = RowGroups((("", ""),), np.array([0, 5]), None)
    counter(feature, None, index=0, offset=0).add(pa.nulls(5), Run(groups, into, into.places(groups.keys)))
    assert into.tallies[0, 0, Tally.ABSENT] == 5


def test_huge_values_overflow_the_sums_quietly():
    """Squares beyond the largest double make the sum infinite, and nothing else."""
    into = counted(numeric([1.0, 2.0, 3.0]), pa.array([1e300, -1e300]))
    assert into.cells.sum() == 2
    assert np.isinf(into.sums[0, 0, 1])


def test_kinds_of_columns():
    """Each Arrow type is summarised one way, or not at all."""
    assert kind_of(pa.duration("s")) is FeatureKind.NUMERIC
    assert kind_of(pa.time64("us")) is FeatureKind.NUMERIC
    assert kind_of(pa.null()) is FeatureKind.CATEGORICAL
    assert kind_of(pa.binary()) is None
    assert to_numbers(pa.array([1, 2], pa.time32("s"))).to_pylist() == [1, 2]
