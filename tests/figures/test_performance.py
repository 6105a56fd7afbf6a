import json

import numpy as np
import pytest

from monitor_core.figures.performance import Mark, delays, estimated, evidence, rolling, thresholds
from monitor_core.figures.theme import LIGHT
from monitor_core.performance.results import DelayCurve, Estimated, Rolling, Sequential, ThresholdCurve


def days(n):
    return tuple(str(np.datetime64("2026-01-01") + i) for i in range(n))


def rolled(estimate, *, immature=0):
    n = len(estimate)
    known = [None if value is None else (value - 0.05, value + 0.05) for value in estimate]
    return Rolling(
        metric="f1",
        window=30,
        granules=days(n),
        estimate=tuple(estimate),
        low=tuple(pair and pair[0] for pair in known),
        high=tuple(pair and pair[1] for pair in known),
        n=(50,) * n,
        coverage=(1.0,) * n,
        matured=(True,) * (n - immature) + (False,) * immature,
    )


def named(option, name):
    return next(series for series in option["series"] if series["name"] == name)


class TestRolling:
    """A metric over time."""

    def test_the_bounds_themselves_are_drawn(self):
        """A tooltip shows the interval's ends, not their difference."""
        option = rolling(rolled([0.7, 0.6]), dark=False, name="F1")
        assert named(option, "upper 95 %")["data"] == [0.75, 0.65]
        assert named(option, "lower 95 %")["data"] == [0.65, 0.55]
        assert named(option, "F1")["data"] == [0.7, 0.6]

    def test_a_gap_stays_a_gap(self):
        """A window without a figure is no point at all."""
        assert named(rolling(rolled([0.7, None, 0.6]), dark=False, name="F1"), "F1")["data"][1] is None

    def test_what_is_still_to_come_is_shaded(self):
        """From the last matured granule on."""
        line = named(rolling(rolled([0.7] * 5, immature=2), dark=False, name="F1"), "F1")
        assert line["markArea"]["data"] == [[{"xAxis": 2}, {"xAxis": 4}]]

    def test_nothing_is_shaded_when_all_has_matured(self):
        """No area without a reason."""
        assert "markArea" not in named(rolling(rolled([0.7] * 5), dark=False, name="F1"), "F1")

    def test_nothing_matured_shades_everything(self):
        """A young model."""
        line = named(rolling(rolled([0.7] * 3, immature=3), dark=False, name="F1"), "F1")
        assert line["markArea"]["data"] == [[{"xAxis": 0}, {"xAxis": 2}]]

    def test_levels_lie_on_the_axis_even_far_below_the_line(self):
        """A level that cannot be seen warns nobody."""
        option = rolling(rolled([0.9] * 3), dark=False, name="F1", marks=[Mark(0.41, "severe", "red")])
        assert option["yAxis"]["min"] <= 0.41
        line = named(option, "F1")["markLine"]["data"][0]
        assert (line["yAxis"], line["lineStyle"]["color"]) == (0.41, LIGHT.red)

    def test_events_outside_the_chart_are_left_out(self):
        """Deployments of long ago have no place on the axis."""
        marks = [Mark("2026-01-02", "2.0"), Mark("2025-01-01", "1.0")]
        data = named(rolling(rolled([0.7] * 3), dark=False, name="F1", marks=marks), "F1")["markLine"]["data"]
        assert [mark["xAxis"] for mark in data] == [1]

    def test_another_version_shares_the_axis(self):
        """Granules it does not know are gaps."""
        other = rolled([0.5, 0.55])
        option = rolling(rolled([0.7] * 3), dark=False, name="2.0", other=("1.0", other))
        assert named(option, "1.0")["data"] == [0.5, 0.55, None]
        assert option["legend"]["data"] == ["2.0", "1.0"]

    def test_a_long_series_keeps_its_dip(self):
        """Three years of days: 800 points, the worst among them."""
        values = [0.7] * 1_100
        values[537] = 0.2
        line = named(rolling(rolled(values), dark=False, name="F1"), "F1")
        assert len(line["data"]) <= 800
        assert min(line["data"]) == 0.2

    def test_it_is_plain_json(self):
        """No NumPy number reaches the browser's serialiser."""
        option = rolling(rolled([0.7] * 1_100, immature=7), dark=True, name="F1", marks=[Mark(0.6, "x")])
        assert json.loads(json.dumps(option)) == option

    def test_no_value_at_all_still_has_an_axis(self):
        """From nought to one."""
        option = rolling(rolled([None, None]), dark=False, name="F1")
        assert (option["yAxis"]["min"], option["yAxis"]["max"]) == (0.0, 1.0)


def test_the_truth_lies_beside_the_estimate():
    """The estimate is dashed, the truth is not, and the place of suspicion is marked."""
    shown = Estimated("f1", days(3), (0.7, 0.7, 0.7), (0.6,) * 3, (0.8,) * 3, (0.5, 0.5, None), days(3)[1], "isotonic")
    option = estimated(shown, dark=False, name="F1")
    assert named(option, "F1, estimated")["lineStyle"]["type"] == "dashed"
    assert named(option, "F1, from labels")["data"] == [0.5, 0.5, None]
    assert named(option, "F1, estimated")["markLine"]["data"][0]["xAxis"] == 1
    assert option["yAxis"]["min"] <= 0.5


@pytest.fixture
def sequence():
    return Sequential(
        granules=days(4),
        e_values=(0.0, 1.0, 30.0, 1e300),
        threshold=20.0,
        alarm=days(4)[2],
        acknowledged_at=None,
        f_star=0.56,
        design_effect=1.0,
        guarantee="guaranteed",
        relevant_per_granule=25.0,
        expected_delay={},
        expected_delay_large_baseline={},
        smallest_drop=None,
    )


def test_evidence_stays_within_its_axis(sequence):
    """Logarithms have no zero, and certainty has no need of three hundred digits."""
    option = evidence(sequence, dark=False)
    assert named(option, "evidence of a fall")["data"] == [0.01, 1.0, 30.0, 1e6]
    marks = named(option, "evidence of a fall")["markLine"]["data"]
    assert [mark.get("yAxis", mark.get("xAxis")) for mark in marks] == [20.0, 2]


def test_cut_offs_lie_on_a_number_axis():
    """Every line holds pairs of cut-off and value, the chosen cut-off is marked."""
    curve = ThresholdCurve(
        thresholds=(0.1, 0.5),
        true_positives=(9, 5),
        false_positives=(9, 1),
        false_negatives=(1, 5),
        true_negatives=(1, 9),
        f1=(0.64, 0.62),
        f1_low=(0.5, 0.5),
        f1_high=(0.8, 0.8),
        precision=(0.5, None),
        recall=(0.9, 0.5),
    )
    option = thresholds(curve, dark=False, chosen=0.5)
    assert named(option, "precision")["data"] == [[0.1, 0.5], [0.5, None]]
    assert named(option, "upper 95 %")["data"] == [[0.1, 0.8], [0.5, 0.8]]
    assert named(option, "F1")["markLine"]["data"][0]["xAxis"] == 0.5


def test_delays_are_percent_and_the_horizon_is_marked():
    """Shares arrive as 0..1 and are shown as percent."""
    option = delays(DelayCurve((0, 1, 5), (0.1, 0.5, 0.97), 100, 5, "observed"), dark=False, word="day")
    (line,) = option["series"]
    assert line["data"] == [[0, 10.0], [1, 50.0], [5, 97.0]]
    assert line["markLine"]["data"][0]["xAxis"] == 5
    assert option["xAxis"]["name"] == "days after the prediction"


def test_an_unknown_horizon_is_not_marked():
    """No labels, no line."""
    option = delays(DelayCurve((0,), (0.0,), 0, 0, "none"), dark=False, word="week")
    assert "markLine" not in option["series"][0]
