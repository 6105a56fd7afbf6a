"""Counts to be expected without labels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor_core.errors import InvalidInput
from monitor_core.performance import cbpe
from monitor_core.performance.expected import ExpectedCounts

ROWS = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 1)), max_size=40)


def test_a_case_by_hand():
    counts = cbpe([0.9, 0.8, 0.3, 0.1], [1, 1, 0, 0])
    assert counts.true_positives == pytest.approx(1.7)
    assert counts.false_positives == pytest.approx(0.3)
    assert counts.false_negatives == pytest.approx(0.4)
    assert counts.true_negatives == pytest.approx(1.6)
    assert counts.f1 == pytest.approx(3.4 / 4.1)
    assert counts.precision == pytest.approx(0.85)
    assert counts.recall == pytest.approx(1.7 / 2.1)
    assert counts.accuracy == pytest.approx(3.3 / 4)


def test_sure_scores_are_plain_counts():
    counts = cbpe([1.0, 1.0, 0.0, 0.0, 1.0], [1, 0, 1, 0, 1])
    assert counts == ExpectedCounts(2.0, 1.0, 1.0, 1.0)


@settings(deadline=None)
@given(rows=ROWS, cut=st.integers(0, 40))
def test_parts_add_up_to_the_whole(rows, cut):
    whole, *parts = (cbpe([p for p, _ in part], [y for _, y in part]) for part in (rows, rows[:cut], rows[cut:]))
    for name in ("true_positives", "false_positives", "false_negatives", "true_negatives"):
        assert getattr(whole, name) == pytest.approx(sum(getattr(part, name) for part in parts), abs=1e-9)
    total = whole.true_positives + whole.false_positives + whole.false_negatives + whole.true_negatives
    assert total == pytest.approx(len(rows))


def test_labels_drawn_as_the_scores_say_come_out_as_expected():
    rng = np.random.default_rng(0)
    p = rng.beta(0.5, 1.5, 200_000)
    label, predicted = rng.random(p.size) < p, p >= 0.5
    counts = cbpe(p, predicted)
    assert counts.true_positives == pytest.approx((label & predicted).sum(), rel=0.01)
    assert counts.false_negatives == pytest.approx((label & ~predicted).sum(), rel=0.01)


def test_nothing_predicted_leaves_ratios_undefined():
    counts = cbpe([], [])
    assert (counts.f1, counts.precision, counts.recall, counts.accuracy) == (None,) * 4


@pytest.mark.parametrize(
    ("probability", "predicted", "words"),
    [
        ([0.5], [1, 0], "shape"),
        ([[0.5]], [[1]], "shape"),
        ([0.5, 1.2], [1, 0], "1.2"),
        ([float("nan")], [1], "nan"),
        ([0.5], [2], "2"),
    ],
)
def test_what_is_no_probability_or_label_is_refused(probability, predicted, words):
    with pytest.raises(InvalidInput, match=words):
        cbpe(probability, predicted)
