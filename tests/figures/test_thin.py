import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from monitor_core.figures.thin import thin

series = st.lists(st.floats(-1e9, 1e9) | st.just(float("nan")), min_size=1, max_size=400).map(np.array)


@given(series, st.integers(4, 60))
def test_a_thinned_series_keeps_ends_and_extremes(values, limit):
    """A chart that loses a spike is a lie."""
    kept = thin(values, limit)
    assert len(kept) <= max(limit, 4)
    assert kept[0] == 0
    assert kept[-1] == len(values) - 1
    if not np.isnan(values).all():
        assert np.nanmax(values[kept]) == np.nanmax(values)
        assert np.nanmin(values[kept]) == np.nanmin(values)


@given(series, st.integers(4, 60))
def test_positions_ascend_without_repeats(values, limit):
    """Each point is drawn once, in time order."""
    assert (np.diff(thin(values, limit)) > 0).all()
