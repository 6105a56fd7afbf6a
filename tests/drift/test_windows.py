"""Several granules together."""

from dataclasses import fields

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor_core.drift.build import build
from monitor_core.drift.count import count
from monitor_core.drift.summary import TableSummary
from monitor_core.drift.windows import window_length, windows
from monitor_core.settings import DriftSettings


def days(cut, number):
    """Return counts of some days of a number and a category, one of them with another type."""
    rng = np.random.default_rng(number)
    grid = build(cut(pa.table({"x": rng.normal(size=500), "c": rng.choice(["a", "b"], 500)}))).grid
    tables = [
        pa.table({"x": rng.normal(size=5 + day), "c": rng.choice(["a", "b", "new"], 5 + day)}) for day in range(number)
    ]
    if number > 2:
        tables[1] = tables[1].append_column("extra", pa.array([1] * tables[1].num_rows))
    return grid, {f"2026-01-{day + 1:02d}": count(grid, cut(table)).summary() for day, table in enumerate(tables)}


@pytest.mark.parametrize("length", [1, 2, 3, 7, 12])
def test_a_window_is_the_sum_of_its_days(cut, length):
    """Cells, tallies, extremes, sums and findings; at the beginning of the days that there are."""
    grid, summaries = days(cut, 10)
    labels = sorted(summaries)
    found = list(windows(summaries, length))
    assert [window.last for window in found] == labels
    for place, window in enumerate(found):
        mine = labels[max(0, place - length + 1) : place + 1]
        assert (window.first, window.length) == (mine[0], len(mine))
        whole = TableSummary.total(grid, (summaries[label] for label in mine))
        for item in fields(TableSummary)[1:]:
            one, other = getattr(window.summary, item.name), getattr(whole, item.name)
            assert np.allclose(one, other) if isinstance(one, np.ndarray) else one == other


def test_summaries_stay_as_they_are(cut):
    """The sum that rolls along is nobody else's."""
    _, summaries = days(cut, 4)
    before = {label: summary.cells.copy() for label, summary in summaries.items()}
    kept = [window.summary.cells.copy() for window in windows(summaries, 2)]
    again = [window.summary.cells for window in list(windows(summaries, 2))]
    assert all((summaries[label].cells == cells).all() for label, cells in before.items())
    assert all((one == other).all() for one, other in zip(kept, again, strict=True))


@given(st.integers(0, 1_000), st.integers(1, 400), st.integers(2, 60))
def test_a_window_is_used_when_the_baseline_has_enough_of_them(n_reference, wanted, some):
    """Else granules go one by one."""
    settings = DriftSettings(window_granules=wanted, calibrated_some=some)
    assert window_length(n_reference, settings) == (wanted if n_reference >= wanted * some else 1)
