"""Findings that never change: a model that fell for six weeks, with everything that a report can say about it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor_core.insight.breakdown import GoesWith, WorstSlices
from monitor_core.insight.mix import MixLink
from monitor_core.insight.slices import Slice
from monitor_core.performance.advice import Evidence, advise
from monitor_core.performance.counts import Counts
from monitor_core.performance.results import (
    BaselinePerformance,
    Comparison,
    Correction,
    Decision,
    DelayCurve,
    Estimated,
    Metric,
    Rolling,
    Sequential,
    Span,
    WindowMetrics,
)
from monitor_core.reports.performance_document import Findings, build
from monitor_core.settings import PerformanceSettings
from monitor_core.storage.deployments import Deployment
from monitor_core.storage.models import Model
from monitor_core.values import Granularity, ModelRef, Severity

REF, BEFORE = ModelRef("vcp-classifier", "2.0.0"), ModelRef("vcp-classifier", "1.9.0")
AS_OF = datetime(2026, 11, 22, 5, 30, 0, 250, tzinfo=UTC)
DAYS = tuple((datetime(2026, 10, 12, tzinfo=UTC) + timedelta(days=day)).strftime("%Y-%m-%d") for day in range(41))
MATURED = 36
WORST = WindowMetrics(
    ref=REF,
    segment="",
    span=Span("2026-10-18", "2026-11-16", 30),
    as_of=AS_OF,
    counts=Counts(
        predictions=1_300,
        true_positives=84,
        false_positives=43,
        false_negatives=40,
        true_negatives=1_067,
        scored=1_234,
        corrections=3,
    ),
    due=1_300,
    immature=204,
    coverage=1_234 / 1_300,
    state="full",
    reasons=(),
    design_effect=1.6,
    design_effect_from="granules",
    clusters=30,
    metrics=(),
    f1_bounds=None,
    severity=Severity.MODERATE,
    relative_drop=0.0703851,
    probabilities={0.0: 0.8748, 0.03: 0.7377, 0.05: 0.6283, 0.1: 0.3201},
)


def metric(name, *figures, badge=""):
    estimate, low, high, n = figures
    return Metric(name, estimate, low, high, n, "Wilson, design effect 1.60 by granules", badge)


METRICS = (
    metric("f1", 0.66932271, 0.57960, 0.74860, 167),
    metric("precision", 0.66141732, 0.55310, 0.75520, 127),
    metric("recall", 0.67741935, 0.56730, 0.77020, 124),
    metric("roc_auc", 0.8212, 0.7719, 0.8617, 1_234),
    metric("average_precision", 0.6121, 0.5304, 0.6881, 1_234, badge="approximate"),
    metric("brier", 0.1182, 0.1073, 0.1291, 1_234),
    metric("log_loss", 0.3624, 0.3341, 0.3907, 1_234),
    metric("calibration_slope", 0.8113, 0.7012, 0.9214, 1_234),
    metric("calibration_intercept", -0.0521, -0.1911, 0.0869, 1_234),
    metric("calibration_error", None, None, None, 0, badge="undefined: no scores"),
)
HELD = (
    metric("f1", 0.72, 0.6903, 0.7471, 800),
    metric("precision", 0.68, 0.6431, 0.7149, 662),
    metric("recall", 0.765, 0.7291, 0.7972, 588),
    metric("roc_auc", 0.861, 0.8433, 0.8771, 5_000),
)


def window(**changes):
    return replace(WORST, metrics=METRICS, **changes)


def bent(place: int) -> float:
    """F1 on a day: level, then falling."""
    return round(0.72 - 0.0021 * max(0, place - 12), 6)


def rolling():
    estimate = tuple(None if place == 3 else bent(place) for place in range(len(DAYS)))
    spread = tuple(0.03 + 0.001 * (place % 7) for place in range(len(DAYS)))
    return Rolling(
        metric="f1",
        window=30,
        granules=DAYS,
        estimate=estimate,
        low=tuple(None if e is None else round(e - s, 6) for e, s in zip(estimate, spread, strict=True)),
        high=tuple(None if e is None else round(e + s, 6) for e, s in zip(estimate, spread, strict=True)),
        n=tuple(160 + place % 5 for place in range(len(DAYS))),
        coverage=tuple(0.95 if place < MATURED else 0.4 for place in range(len(DAYS))),
        matured=tuple(place < MATURED for place in range(len(DAYS))),
    )


def sequential():
    values = tuple(round(0.002 * 1.4**place, 6) for place in range(MATURED))
    alarm = next(day for day, value in zip(DAYS, values, strict=False) if value >= 20)
    return Sequential(
        granules=DAYS[:MATURED],
        e_values=values,
        threshold=20.0,
        alarm=alarm,
        acknowledged_at=None,
        f_star=0.53,
        design_effect=1.6,
        guarantee="calibrated",
        relevant_per_granule=5.6,
        expected_delay={0.05: None, 0.10: 34.0, 0.20: 11.0},
        expected_delay_large_baseline={0.05: 88.0, 0.10: 25.0, 0.20: 11.0},
        smallest_drop=0.58,
        first_alarm=alarm,
    )


def estimated():
    return Estimated(
        metric="f1",
        granules=DAYS,
        estimate=tuple(0.71 + 0.004 * (place % 3) for place in range(len(DAYS))),
        low=tuple(0.66 for _ in DAYS),
        high=tuple(0.77 for _ in DAYS),
        truth=tuple(bent(place) if place < MATURED else None for place in range(len(DAYS))),
        suspected_from=DAYS[34],
        calibrator="isotonic: error on held-out rows: isotonic 0.0110, beta 0.0125, none 0.0312",
        badge="estimated, if the concept is unchanged",
        mean_error=0.0213,
        covered=31 / 36,
    )


def comparison():
    other = replace(
        window(),
        ref=BEFORE,
        counts=replace(WORST.counts, true_positives=90, false_positives=40, false_negatives=34, true_negatives=1_070),
        metrics=(metric("f1", 0.7086614, 0.6190, 0.7840, 164), *METRICS[1:]),
    )
    cells = (1_035, 32, 35, 8, 20, 20, 14, 70)
    return Comparison(window(), other, cells, {0.0: 0.81, 0.03: 0.66, 0.05: 0.51, 0.1: 0.18}, "paired")


def evidence():
    return Evidence(
        current=(84, 83),
        baseline=(450, 350),
        previous=(90, 74),
        predictions=1_300,
        labelled=1_234,
        design_effect=1.6,
        drift_share=0.12,
        worst_psi=0.31,
        previous_age_days=12.0,
        sustained=True,
        model=REF.model_id,
        version=REF.version,
        previous_version=BEFORE.version,
    )


def corrections():
    before = Counts(predictions=44, true_positives=2, false_positives=2, false_negatives=1, true_negatives=39)
    after = Counts(predictions=44, true_positives=3, false_positives=1, false_negatives=1, true_negatives=39)
    at = AS_OF - timedelta(days=2)
    return tuple(
        Correction("b-17", at, "ana", REF.version, day, 1, before, after, 0.571429, 0.75) for day in DAYS[4:26]
    )


MODEL = Model(
    model_id=REF.model_id,
    title="VCP classifier",
    kind="binary classifier, gradient boosting",
    owner="Risk team",
    description="",
    granularity=Granularity.parse("day"),
    roles=None,
    thresholds={},
    is_example=False,
    created_at=datetime(2026, 6, 1, tzinfo=UTC),
    archived_at=None,
)
BASELINE = BaselinePerformance(
    baseline_id="base-1",
    ref=REF,
    number=2,
    origin={"file": "test-set.parquet", "snapshot_id": None, "notes": []},
    counts=Counts(
        predictions=5_000, true_positives=450, false_positives=212, false_negatives=138, true_negatives=4_200
    ),
    given={},
    metrics=HELD,
    is_active=True,
    created_at=datetime(2026, 9, 1, 9, tzinfo=UTC),
    created_by="ana",
)


def decision(name="d-1", **changes):
    made = Decision(name, REF, AS_OF - timedelta(days=1), "ben", "watch", "wait for the feed", "watch", "ab" * 32)
    return replace(made, **changes)


@pytest.fixture(scope="session")
def findings() -> Findings:
    link = MixLink("rsi_14", 0.72, 0.6693, 0.6911, 0.611, 0.7612, 0.43, 0.998, 0.211, 0.2, 0.0182)
    worst = Slice((("sector", "energy"), ("rsi_14", "70 to 100")), 9, 31, 0.3673, 0.21, 0.53, 0.742, 0.505, 1e-5, 4e-4)
    started = datetime(2026, 10, 15, tzinfo=UTC)
    return Findings(
        model=MODEL,
        settings=PerformanceSettings(),
        window=window(),
        windows=(
            ("7 days", window(state="not_enough", span=Span("2026-11-10", "2026-11-16", 7), relative_drop=None)),
            ("30 days", window()),
            ("90 days", None),
        ),
        segments=(window(segment="tech"), window(segment="energy", state="partial", coverage=0.7)),
        baseline=BASELINE,
        advice=advise(evidence()),
        evidence_sha256="c0ffee" + "0" * 58,
        rolling=rolling(),
        sequential=sequential(),
        estimated=estimated(),
        delays=DelayCurve(tuple(range(9)), (0.0, 0.2, 0.45, 0.6, 0.75, 0.86, 0.95, 0.97, 1.0), 1_234, 6, "observed"),
        comparison=comparison(),
        goes_with=GoesWith((link,)),
        slices=WorstSlices((worst,), 1_234, "2026-10-18", "2026-11-16"),
        corrections=corrections(),
        decisions=(decision(),),
        deployments=(
            Deployment("p-2", REF, "live", started, None, "ana", started),
            Deployment("p-1", BEFORE, "live", started - timedelta(days=90), started, "ana", started, started),
        ),
    )


@pytest.fixture(scope="session")
def bare(findings) -> Findings:
    """Nothing but predictions: no labels, no baseline, no version before."""
    empty = (None,) * 2
    nothing = Evidence(current=(0, 0), predictions=0, labelled=0)
    undefined = tuple(replace(item, estimate=None, low=None, high=None, n=0, badge="undefined") for item in METRICS)
    hollow = replace(
        WORST,
        span=None,
        counts=Counts(),
        due=0,
        coverage=None,
        state="none",
        reasons=("no prediction has matured yet",),
        design_effect=1.0,
        metrics=undefined,
        severity=Severity.NONE,
        relative_drop=None,
        probabilities={},
    )
    return replace(
        findings,
        window=hollow,
        windows=(("7 days", None),),
        segments=(),
        baseline=None,
        advice=advise(nothing),
        rolling=replace(
            findings.rolling, granules=DAYS[:2], estimate=empty, low=empty, high=empty, n=(0, 0), matured=(False, False)
        ),
        sequential=replace(findings.sequential, granules=(), e_values=(), reason="there is no baseline"),
        estimated=Estimated("f1", (), (), (), (), (), None, "", badge="no estimate: there is no baseline performance"),
        delays=DelayCurve((), (), 0, 0, "none"),
        comparison=None,
        goes_with=GoesWith((), "no granule has matured yet"),
        slices=WorstSlices((), reason="no granule has matured yet"),
        corrections=(),
        decisions=(),
        deployments=(),
    )


@pytest.fixture(scope="session")
def document(findings):
    return build(findings)


@pytest.fixture(scope="session")
def bare_document(bare):
    return build(bare)


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
    "x" * 200,
)


@pytest.fixture(scope="session", params=HOSTILE, ids=range(len(HOSTILE)))
def hostile(request, findings):
    """Give (name, document) in which everything that a user may have written is that name."""
    name = request.param
    link, worst = findings.goes_with.links[0], findings.slices.slices[0]
    return name, build(
        replace(
            findings,
            model=replace(MODEL, title=name, owner=name, kind=name),
            segments=(window(segment=name),),
            baseline=replace(BASELINE, origin={"file": name}),
            goes_with=GoesWith((replace(link, feature=name),)),
            slices=replace(findings.slices, slices=(replace(worst, terms=((name, name),)),)),
            corrections=(replace(findings.corrections[0], recorded_by=name),),
            decisions=(decision(decided_by=name, reason=name),),
            advice=replace(findings.advice, reasons=(name,), missing=(name,), command=name),
            deployments=(replace(findings.deployments[0], created_by=name),),
        )
    )
