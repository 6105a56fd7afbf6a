from dataclasses import dataclass

from monitor_core.performance.counts import Counts
from monitor_core.performance.results import Metric, ThresholdCurve
from monitor_core.ui.performance_scores import cut_off_rows, matching_cut_off

CURVE = ThresholdCurve(
    thresholds=(0.25, 0.5, 0.75),
    true_positives=(90, 80, 40),
    false_positives=(60, 20, 0),
    false_negatives=(10, 20, 60),
    true_negatives=(40, 80, 100),
    f1=(0.72, 0.8, 0.5714),
    f1_low=(0.7, 0.78, 0.5),
    f1_high=(0.74, 0.82, 0.6),
    precision=(0.6, 0.8, None),
    recall=(0.9, 0.8, 0.4),
)
COUNTS = Counts(true_positives=80, false_positives=20, false_negatives=20, true_negatives=80)


@dataclass
class Window:
    """The part of a window's metrics that the table reads."""

    counts: Counts

    def metric(self, name):
        return Metric(name, 0.8, 0.78, 0.82, 120, "made up")


def rows(cut):
    return {name: tuple(cells) for name, *cells in cut_off_rows(CURVE, Window(COUNTS), cut)}


def test_a_cut_off_stands_beside_what_was_predicted():
    """Shares and counts, with the sign of the difference."""
    assert rows(0.25)["F1"] == ("0.800", "0.720", "\N{MINUS SIGN}0.080")
    assert rows(0.25)["False positives"] == ("20", "60", "+40")
    assert rows(0.25)["F1, 95 % interval"] == ("0.780 – 0.820", "0.700 – 0.740", "")


def test_what_is_undefined_has_no_difference():
    """Nothing would have been predicted positive."""
    assert rows(0.8)["Precision"] == ("0.800", "n/a", "–")
    assert rows(0.5)["Recall"] == ("0.800", "0.800", "±0.000")
    assert rows(0.5)["True positives"] == ("80", "80", "±0")


def test_the_slider_starts_where_the_model_cuts():
    """As many positives as were predicted."""
    assert matching_cut_off(CURVE, COUNTS) == 0.5
    assert matching_cut_off(CURVE, Counts(true_positives=40)) == 0.75
