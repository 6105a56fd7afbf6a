"""Losses in money."""

import numpy as np
import pytest

from monitor_core.performance import Evidence
from monitor_core.performance.advice_money import Prices, expected_money, paired_money, prices

PRICED = Prices(2.0, 10.0, rate=1_000.0, prevalence=0.15, missed=0.6)


def evidence(**changes):
    fields = {
        "current": (300, 500),
        "predictions": 6_000,
        "labelled": 5_800,
        "false_positives": 200,
        "false_negatives": 300,
        "cost_false_positive": 2,
        "cost_false_negative": 10,
        "predictions_per_day": 1_000,
    }
    return Evidence(**{**fields, **changes})


def test_cost_at_the_present_f1_is_what_errors_cost():
    """By hand: 200 * 2 + 300 * 10 = 3,400 on 5,800 predictions are 586 a day at 1,000 a day."""
    assert prices(evidence()).of_f_star(300 / 800) == pytest.approx(3_400 / 5_800 * 1_000, rel=5e-3)


@pytest.mark.parametrize(
    "changes", [{"predictions_per_day": None}, {"cost_false_positive": 0, "cost_false_negative": 0}]
)
def test_no_prices(changes):
    """Something is unknown, or errors cost nothing: losses stay in F1."""
    assert prices(evidence(**changes)) is None


def test_equals_simulation():
    """The quadrature gives what draws from both posteriors give."""
    rng = np.random.default_rng(1)
    now, before = (PRICED.of_f_star(rng.beta(tp + 0.5, e + 0.5, 400_000)) for tp, e in ((84, 83), (430, 380)))
    expected = np.maximum(now - before, 0).mean(), np.maximum(before - now, 0).mean()
    assert expected_money((84, 83), (430, 380), PRICED) == pytest.approx(expected, rel=0.01)


def test_swap_mirrors():
    """What one choice loses the other wins."""
    stay, roll = expected_money((84, 83), (430, 380), PRICED)
    assert expected_money((430, 380), (84, 83), PRICED) == pytest.approx((roll, stay), rel=1e-12)


class TestPaired:
    CELLS = (4000, 20, 60, 100, 60, 150, 30, 600)

    def test_equals_simulation(self):
        """The points give what draws from the Dirichlet give."""
        prior = np.array([0, 1, 1, 1, 1, 3, 3, 3]) / 12
        share = np.random.default_rng(1).dirichlet([*np.add(self.CELLS, prior)[1:], 4000.0], 200_000)
        wrong, missed = share[:, 1] - share[:, 0], share[:, 4] - share[:, 5]
        more = 1_000 * (2 * wrong + 10 * missed)
        expected = np.maximum(more, 0).mean(), np.maximum(-more, 0).mean()
        assert paired_money(self.CELLS, PRICED) == pytest.approx(expected, rel=0.01, abs=0.01)

    def test_by_hand(self):
        """40 more false positives and 120 more misses on 5,020 rows, at 2 and 10 a piece and 1,000 rows a day."""
        stay, roll = paired_money(self.CELLS, PRICED)
        assert stay - roll == pytest.approx((40 * 2 + 120 * 10) / 5_020 * 1_000, rel=2e-3)
