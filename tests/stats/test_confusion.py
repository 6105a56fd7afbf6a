"""The plain metrics, with scikit-learn as oracle."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, precision_score, recall_score

from monitor_core.errors import InvalidInput
from monitor_core.stats import rates

counts = st.tuples(*[st.integers(0, 8)] * 4).filter(any)


@given(counts)
@settings(deadline=None)
def test_equal_to_scikit_learn(table):
    """Undefined where scikit-learn has none either."""
    y, predicted = np.repeat([1, 0, 1, 0], table), np.repeat([1, 1, 0, 0], table)
    found = rates(*table)
    assert float(found.precision) == pytest.approx(precision_score(y, predicted, zero_division=np.nan), nan_ok=True)
    assert float(found.recall) == pytest.approx(recall_score(y, predicted, zero_division=np.nan), nan_ok=True)
    assert float(found.f1) == pytest.approx(f1_score(y, predicted, zero_division=np.nan), nan_ok=True)
    assert float(found.accuracy) == pytest.approx(accuracy_score(y, predicted))


def test_without_rows_nothing_is_defined():
    """All four are NaN."""
    found = rates(0, 0, 0, 0)
    assert np.isnan([found.precision, found.recall, found.f1, found.accuracy]).all()


def test_shapes_broadcast():
    """Thresholds by windows, say; every metric has the whole shape."""
    found = rates(np.ones((3, 1)), np.ones(4), 1, 0)
    assert {found.precision.shape, found.recall.shape, found.f1.shape, found.accuracy.shape} == {(3, 4)}


def test_negative_counts_are_refused():
    """With their name."""
    with pytest.raises(InvalidInput, match="false negatives -1"):
        rates(1, 2, -1, 0)
