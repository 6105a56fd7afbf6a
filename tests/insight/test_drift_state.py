"""What of a drift run matters to an advice on performance."""

import pytest

from monitor_core.drift.results import Calibration, CellState, FeatureDrift, FeatureKind, GranuleDrift
from monitor_core.insight.drift_state import drift_state
from monitor_core.values import Severity, Verdict


def feature(name="age", state=CellState.STABLE, **changes):
    fields = {
        "name": name,
        "kind": FeatureKind.NUMERIC,
        "role": "feature",
        "n_baseline": 10_000,
        "n_current": 1_000,
        "psi": 0.02,
        "psi_debiased": 0.01,
        "noise_floor": 0.01,
        "noise_q99": 0.03,
        "ks_low": 0.02,
        "ks_high": 0.02,
        "js": 0.05,
        "wasserstein": 0.1,
        "chi2": 9.0,
        "dof": 9.0,
        "p_value": 0.4,
        "p_adjusted": 0.6,
        "missing_share": 0.01,
        "missing_share_baseline": 0.01,
        "unseen_share": None,
        "out_of_range_share": 0.0,
        "calibration": Calibration.CALIBRATED,
        "severity": Severity.LOW,
        "verdict": Verdict.STABLE,
        "confirmed": False,
        "state": state,
    }
    return FeatureDrift(**{**fields, **changes})


def granule(*features):
    return GranuleDrift("2026-11-20", "", 1_000, features, 0.5, Severity.HIGH, Verdict.DRIFTED)


class TestSize:
    def test_share_of_what_could_be_judged(self):
        """One of three inputs that could be judged; undecided ones, predictions and scores do not count."""
        state = drift_state(
            granule(
                feature("a", CellState.DRIFTED, psi=0.31),
                feature("b", CellState.UNCONFIRMED, psi=0.9),
                feature("c"),
                feature("d", CellState.UNDECIDED, psi=0.8),
                feature("score", CellState.DRIFTED, role="score", psi=2.0),
            )
        )
        assert (state.granule, state.share, state.worst_psi) == ("2026-11-20", pytest.approx(1 / 3), 0.31)

    def test_a_large_psi_within_noise_is_none(self):
        """With few rows PSI is large by chance: it is not called drift here either."""
        state = drift_state(granule(feature("a", psi=0.6), feature("b")))
        assert (state.share, state.worst_psi) == (0.0, 0.0)

    def test_nothing_judged(self):
        """Not measured is not the same as none."""
        state = drift_state(granule(feature("a", CellState.UNDECIDED)))
        assert (state.share, state.worst_psi, state.fault) == (None, None, "")


class TestFault:
    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"missing_share": 0.13}, "age: 13% missing, in the baseline 1%"),
            ({"unseen_share": 0.6}, "age: 60% of levels that the baseline never held"),
            ({"out_of_range_share": 0.1}, "age: 10% outside the baseline's range"),
            ({"psi": None}, "age: the type changed"),
        ],
    )
    @pytest.mark.parametrize("state", [CellState.DRIFTED, CellState.UNCONFIRMED])
    def test_the_feed(self, state, changes, words):
        """Missing values, unknown levels, sentinels and another type point at the feed, at once."""
        assert drift_state(granule(feature(state=state, **changes))).fault == words

    def test_absent_column(self):
        """A column that is gone is no drift."""
        assert drift_state(granule(feature(state=CellState.ABSENT))).fault == "age: the column is not there"

    @pytest.mark.parametrize(
        "changes", [{"missing_share": 0.05}, {"unseen_share": 0.2}, {"out_of_range_share": 0.04}, {}]
    )
    def test_small_shares_are_none(self, changes):
        """A little more than usual is drift, not a fault; so is a new level, such as a new channel."""
        assert drift_state(granule(feature(state=CellState.DRIFTED, **changes))).fault == ""

    def test_within_noise_is_none(self):
        """Shares of few rows prove nothing."""
        assert drift_state(granule(feature(missing_share=0.5))).fault == ""

    def test_many(self):
        """The first few are named, the rest counted."""
        state = drift_state(granule(*(feature(f"f{place}", CellState.ABSENT) for place in range(5))))
        assert state.fault.endswith("; and 2 more")
        assert state.fault.count("is not there") == 3
