"""A small saved run that never changes: nine features, twelve days, every state a cell can have."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from monitor_core.drift.results import (
    Calibration,
    CellDetail,
    CellState,
    Distribution,
    FeatureDrift,
    FeatureKind,
    GranuleDrift,
    RunSummary,
)
from monitor_core.reports.document import build, telling_granules
from monitor_core.storage.models import Model
from monitor_core.values import Granularity, ModelRef, Severity, Verdict

DAYS = tuple((datetime(2026, 11, 10, tzinfo=UTC) + timedelta(days=day)).strftime("%Y-%m-%d") for day in range(12))
ROWS = 2_000
VERDICTS = {CellState.DRIFTED: Verdict.DRIFTED, CellState.STABLE: Verdict.STABLE, CellState.UNCONFIRMED: Verdict.STABLE}


def drift(name: str = "rsi_14", state: CellState = CellState.STABLE, psi: float | None = 0.012, **changes):
    """One result with plausible figures; anything can be set."""
    levels = ((0.4, Severity.CRITICAL), (0.25, Severity.HIGH), (0.1, Severity.MODERATE))
    shown = state in {CellState.DRIFTED, CellState.UNCONFIRMED}
    severity = next((level for size, level in levels if (psi or 0) >= size), Severity.LOW) if shown else Severity.NONE
    known = psi is not None
    result = FeatureDrift(
        name=name,
        kind=FeatureKind.NUMERIC,
        role="feature",
        n_baseline=20_000,
        n_current=ROWS,
        psi=psi,
        psi_debiased=psi - 0.00495 if known else None,
        noise_floor=0.00495 if known else None,
        noise_q99=0.01192 if known else None,
        ks_low=round(psi**0.5 / 3, 6) if known else None,
        ks_high=round(psi**0.5 / 3, 6) if known else None,
        js=round(psi**0.5 / 4, 6) if known else None,
        wasserstein=psi if known else None,
        chi2=psi * 1818 if known else None,
        dof=9.0 if known else None,
        p_value=float(10 ** -(psi * 40)) if known else None,
        p_adjusted=float(10 ** -(psi * 38)) if known else None,
        missing_share=0.01 if known else None,
        missing_share_baseline=0.01,
        unseen_share=0.0 if known else None,
        out_of_range_share=0.0 if known else None,
        calibration=Calibration.CALIBRATED,
        severity=severity,
        verdict=VERDICTS.get(state, Verdict.UNDECIDED),
        confirmed=state is CellState.DRIFTED if known else None,
        state=state,
    )
    return replace(result, **changes)


def day_of(day: int) -> tuple[FeatureDrift, ...]:
    """All features on one day: a slow drift, a sudden one, a broken feed, a single bad day, a lost column."""
    slow = 0.01 + 0.036 * max(0, day - 2)
    sudden = 0.34 if day >= 7 else 0.011
    return (
        drift("revenue_growth_yoy", psi=0.009 + 0.001 * (day % 3)),
        drift(
            "rsi_14",
            CellState.DRIFTED if day >= 5 else CellState.UNCONFIRMED if day == 4 else CellState.STABLE,
            slow,
            reasons=(f"PSI {slow:.2f} on 2 of the last 3 days, p below .01.",) if day >= 5 else (),
        ),
        drift(
            "volume_ratio_30d",
            CellState.DRIFTED if day >= 8 else CellState.UNCONFIRMED if day == 7 else CellState.STABLE,
            sudden,
        ),
        drift(
            "days_to_results",
            CellState.DRIFTED if 5 <= day <= 8 else CellState.STABLE,
            0.21 if 4 < day < 9 else 0.008,
            missing_share=0.12 if 4 < day < 9 else 0.01,
            reasons=("missing rose from 1.0% to 12.0%.",) if 4 < day < 9 else (),
        ),
        drift(
            "sector",
            CellState.UNCONFIRMED if day == 11 else CellState.STABLE,
            0.13 if day == 11 else 0.011,
            kind=FeatureKind.CATEGORICAL,
            ks_low=None,
            ks_high=None,
            wasserstein=None,
        ),
        drift("constant", CellState.UNDECIDED, None, reasons=("constant in the baseline: not computable.",)),
        drift(
            "lost",
            CellState.ABSENT if day >= 10 else CellState.STABLE,
            None if day >= 10 else 0.01,
            reasons=("the column is not in the data.",) if day >= 10 else (),
        ),
        drift("prediction", psi=0.014, role="prediction", kind=FeatureKind.CATEGORICAL),
        drift("score", psi=0.018, role="score"),
    )


def granule(day: int, segment: str = "") -> GranuleDrift:
    features = day_of(day)
    drifted = sum(item.state is CellState.DRIFTED for item in features)
    judged = sum(item.verdict is not Verdict.UNDECIDED for item in features)
    return GranuleDrift(
        granule=DAYS[day],
        segment=segment,
        n_rows=ROWS,
        features=features,
        drifted_share=drifted / judged,
        severity=max(item.severity for item in features),
        verdict=Verdict.DRIFTED if drifted else Verdict.STABLE,
    )


def detail_of(cell: FeatureDrift, label: str) -> CellDetail:
    """Two bells, the current one moved by as much as the PSI says."""
    edges = np.linspace(0, 100, 25)
    centres = (edges[:-1] + edges[1:]) / 2
    shapes = [np.exp(-(((centres - middle) / 15) ** 2) / 2) for middle in (50, 50 + 40 * (cell.psi or 0))]
    shares = [shape / shape.sum() for shape in shapes]
    categorical = cell.kind is FeatureKind.CATEGORICAL
    return CellDetail(
        drift=cell,
        granule=label,
        segment="",
        distribution=Distribution(
            kind=cell.kind,
            edges=None if categorical else edges,
            levels=("tech", "energy", "health", "(other)", "(missing)") if categorical else None,
            baseline=np.array([0.4, 0.3, 0.2, 0.09, 0.01]) if categorical else shares[0],
            current=np.array([0.3, 0.25, 0.34, 0.1, 0.01]) if categorical else shares[1],
            n_baseline=cell.n_baseline,
            n_current=cell.n_current,
        ),
        trend_granules=DAYS,
        trend_psi=np.array([_psi(day_of(day), cell.name) for day in range(12)]),
        trend_noise_q99=np.full(12, 0.01192),
    )


def _psi(features: tuple[FeatureDrift, ...], name: str) -> float:
    found = next(item for item in features if item.name == name)
    return np.nan if found.psi is None else found.psi


@pytest.fixture(scope="session")
def make_drift():
    return drift


@pytest.fixture(scope="session")
def run() -> RunSummary:
    return RunSummary(
        run_id="run-0042",
        ref=ModelRef("vcp-classifier", "1.0.0"),
        baseline_id="baseline-7",
        baseline_number=3,
        baseline_rows=20_000,
        baseline_first="2026-05-01",
        baseline_last="2026-07-31",
        segment_column="",
        first_granule=DAYS[0],
        last_granule=DAYS[-1],
        n_granules=12,
        n_features=9,
        n_rows=12 * ROWS,
        severity=Severity.HIGH,
        verdict=Verdict.DRIFTED,
        n_drifted=2,
        n_unconfirmed=1,
        n_undecided=1,
        created_at=datetime(2026, 11, 22, 5, 30, tzinfo=UTC),
        created_by="ana",
        settings={"fdr": 0.01, "confirm_hits": 2, "confirm_of": 3, "psi_moderate": 0.1, "psi_high": 0.25},
    )


@pytest.fixture(scope="session")
def model():
    return Model(
        model_id="vcp-classifier",
        title="VCP classifier",
        kind="binary classifier, gradient boosting",
        owner="Risk team",
        description="",
        granularity=Granularity.parse("day"),
        roles=None,
        thresholds={},
        is_example=False,
        created_at=datetime(2026, 11, 1, tzinfo=UTC),
        archived_at=None,
    )


@pytest.fixture(scope="session")
def granules() -> tuple[GranuleDrift, ...]:
    return tuple(granule(day) for day in range(12))


@pytest.fixture(scope="session")
def details(granules) -> dict[str, CellDetail]:
    cells = {(item.name, day.granule): item for day in granules for item in day.features}
    chosen = telling_granules(granules).items()
    return {name: detail_of(cells[name, label], label) for name, label in chosen if cells[name, label].psi is not None}


@pytest.fixture(scope="session")
def document(run, model, granules, details):
    return build(run, model, granules, details)


HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "=HYPERLINK('http://evil.example')",
    "+1",
    "a|b",
    "`code` *bold* [link](http://evil.example)",
    "line\nbreak\ttab\r",
    "\u202eright-to-left\u2066",
    "نام 名前 🚀",
    "{{ 7 * 7 }} {% raw %}",
    "',\"\\",
    "x" * 200,
)


@pytest.fixture(scope="session", params=HOSTILE, ids=range(len(HOSTILE)))
def hostile(request, run, model):
    """Give (name, document) where feature, level, segment, title and reasons are that name."""
    name = request.param
    cell = drift(name, CellState.DRIFTED, 0.3, reasons=(f"column {name} moved",), kind=FeatureKind.CATEGORICAL)
    shown = replace(detail_of(day_of(0)[4], DAYS[0]), drift=cell)
    shown = replace(shown, distribution=replace(shown.distribution, levels=(name, *shown.distribution.levels[1:])))
    whole = replace(granule(0), features=(cell,), reasons=(name,))
    results = [whole, replace(whole, segment=name)]
    titled = replace(model, title=name, owner=name, kind=name)
    return name, build(replace(run, segment_column=name, created_by=name), titled, results, {name: shown})
