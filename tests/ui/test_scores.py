from monitor_core.performance.results import ThresholdCurve
from monitor_core.ui.performance_scores import cut_off_rows

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


def test_two_cut_offs_stand_beside_each_other_with_their_difference():
    """Shares with a sign, counts with a sign."""
    rows = {name: tuple(cells) for name, *cells in cut_off_rows(CURVE, 0.5, 0.25)}
    assert rows["F1"] == ("0.800", "0.720", "\N{MINUS SIGN}0.080")
    assert rows["False positives"] == ("20", "60", "+40")
    assert rows["F1, 95 % interval"] == ("0.780 – 0.820", "0.700 – 0.740", "")


def test_what_is_undefined_has_no_difference():
    """Nothing was predicted positive, or the cut-off is the same."""
    rows = {name: tuple(cells) for name, *cells in cut_off_rows(CURVE, 0.5, 0.8)}
    assert rows["Precision"] == ("0.800", "n/a", "–")
    same = {name: tuple(cells) for name, *cells in cut_off_rows(CURVE, 0.5, 0.5)}
    assert same["Recall"] == ("0.800", "0.800", "±0.000")
