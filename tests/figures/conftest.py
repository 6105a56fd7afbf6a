"""A run, a cell and their parts, made by hand."""

import numpy as np
import pytest

from monitor_core.drift.results import (
    Calibration,
    CellDetail,
    CellState,
    Distribution,
    FeatureDrift,
    FeatureKind,
    RunMatrix,
)
from monitor_core.values import Severity, Verdict

STATES = tuple(CellState)


def make_matrix(features=25, granules=30, *, seed=7, names=None):
    """Quiet noise, one feature that drifts from the middle on, one odd day, one short day, one absent column."""
    rng = np.random.default_rng(seed)
    psi = rng.gamma(2.0, 0.012, (features, granules))
    state = np.full(psi.shape, STATES.index(CellState.STABLE), dtype=np.int8)
    half = granules // 2
    psi[0, half:] = np.linspace(0.12, 0.5, granules - half)
    state[0, half:] = STATES.index(CellState.DRIFTED)
    state[0, half] = STATES.index(CellState.UNCONFIRMED)
    psi[min(2, features - 1), granules // 3] = 0.19
    state[min(2, features - 1), granules // 3] = STATES.index(CellState.UNCONFIRMED)
    state[:, 1 % granules] = STATES.index(CellState.UNDECIDED)
    psi[:, 1 % granules] = np.nan
    if features > 3 and granules > 4:
        state[3, 4:7] = STATES.index(CellState.ABSENT)
        psi[3, 4:7] = np.nan
    return RunMatrix(
        run_id="r1",
        segment="",
        features=tuple(names or (f"feature_{i:03d}" for i in range(features))),
        roles=("feature",) * features,
        granules=tuple(str(np.datetime64("2026-09-24") + i) for i in range(granules)),
        n_rows=np.full(granules, 4000, dtype=np.int64),
        psi=psi,
        psi_debiased=psi - 0.01,
        noise_floor=np.full(psi.shape, 0.01),
        p_adjusted=np.where(state == STATES.index(CellState.DRIFTED), 1e-12, 0.4),
        missing_share=np.zeros(psi.shape),
        state=state,
        severity=np.zeros(psi.shape, dtype=np.int8),
    )


def make_drift(**changes):
    """One drifted feature."""
    values = {
        "name": "news_sentiment",
        "kind": FeatureKind.NUMERIC,
        "role": "feature",
        "n_baseline": 20_000,
        "n_current": 4_000,
        "psi": 0.31,
        "psi_debiased": 0.307,
        "noise_floor": 0.003,
        "noise_q99": 0.0065,
        "ks_low": 0.202,
        "ks_high": 0.203,
        "js": 0.19,
        "wasserstein": 0.55,
        "chi2": 312.0,
        "dof": 9.0,
        "p_value": 1e-30,
        "p_adjusted": 2.5e-29,
        "missing_share": 0.01,
        "missing_share_baseline": 0.0,
        "unseen_share": None,
        "out_of_range_share": 0.004,
        "calibration": Calibration.CALIBRATED,
        "severity": Severity.HIGH,
        "verdict": Verdict.DRIFTED,
        "confirmed": True,
        "state": CellState.DRIFTED,
        "reasons": ("significant after adjustment (p 2.5e-29)", "held on 3 of the last 3 days"),
    }
    return FeatureDrift(**(values | changes))


def make_detail(shape=None, **changes):
    """The cell of `make_drift` on the last of 30 days."""
    days = tuple(str(np.datetime64("2026-09-24") + i) for i in range(30))
    edges = np.concatenate([[-np.inf], np.linspace(0, 100, 31), [np.inf]])
    baseline = np.concatenate([[0.0], np.exp(-0.5 * ((np.linspace(0, 100, 30) - 50) / 15) ** 2), [0.0]])
    current = np.concatenate([[0.001], np.exp(-0.5 * ((np.linspace(0, 100, 30) - 60) / 17) ** 2), [0.02]])
    shape = shape or Distribution(
        kind=FeatureKind.NUMERIC,
        edges=edges,
        levels=None,
        baseline=baseline / baseline.sum(),
        current=current / current.sum(),
        n_baseline=20_000,
        n_current=4_000,
    )
    return CellDetail(
        drift=make_drift(**changes),
        granule=days[-1],
        segment="",
        distribution=shape,
        trend_granules=days,
        trend_psi=np.linspace(0.01, 0.31, 30),
        trend_noise_q99=np.full(30, 0.0065),
    )


@pytest.fixture
def matrix():
    """Build a run of any size."""
    return make_matrix


@pytest.fixture
def detail():
    """Build one cell."""
    return make_detail
