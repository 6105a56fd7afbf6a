"""What a drift report says, worked out once: badge, text, tables and charts of every format read this one object."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from monitor_core.drift.results import Calibration, CellState
from monitor_core.reports.advice import advise, judge_sentence
from monitor_core.values import Severity, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from monitor_core.drift.results import CellDetail, FeatureDrift, GranuleDrift, RunSummary
    from monitor_core.storage.models import Model

__all__ = ["Document", "FeatureLine", "GranuleLine", "SegmentLine", "build", "telling_granules"]

_ATTENTION = (CellState.DRIFTED, CellState.ABSENT, CellState.UNCONFIRMED, CellState.UNDECIDED, CellState.STABLE)
"""States in the order a reader wants them."""

_TRUST = (Calibration.NONE, Calibration.SOME, Calibration.CALIBRATED)


@dataclass(frozen=True, slots=True, eq=False)
class FeatureLine:
    """One feature over the whole run.

    Attributes
    ----------
    drift
        Its result in the latest granule.
    telling, telling_granule
        Its result in the granule that tells most, the latest one with its most notable state, and that granule.
    history
        Its result in each granule of the run, None where it has none.
    n_drifted
        Granules in which it drifted.
    last_drifted
        The latest of them; empty when there is none.
    action
        What to do next, in a few words; ``-`` for nothing.
    detail
        Distributions and trend of the telling granule, where the caller gave them.
    """

    drift: FeatureDrift
    telling: FeatureDrift
    telling_granule: str
    history: tuple[FeatureDrift | None, ...]
    n_drifted: int
    last_drifted: str
    action: str
    detail: CellDetail | None

    @property
    def name(self) -> str:
        """The column."""
        return self.drift.name


@dataclass(frozen=True, slots=True)
class GranuleLine:
    """One granule over all features."""

    granule: str
    n_rows: int
    n_drifted: int
    n_unconfirmed: int
    n_undecided: int
    drifted_share: float
    severity: Severity
    verdict: Verdict
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SegmentLine:
    """One value of the segment column, in the latest granule that holds it."""

    segment: str
    granule: str
    n_rows: int
    n_drifted: int
    severity: Severity
    verdict: Verdict


@dataclass(frozen=True, slots=True, eq=False)
class Document:
    """A drift report, independent of its format.

    The headline (severity, verdict, counts of features) is that of the latest granule, as in the run's summary line.
    """

    run: RunSummary
    model_title: str
    model_kind: str
    owner: str
    is_example: bool
    granule_word: str
    features: tuple[FeatureLine, ...]
    """The ones that need attention first."""
    granules: tuple[GranuleLine, ...]
    segments: tuple[SegmentLine, ...]
    results: tuple[GranuleDrift, ...]
    """Everything, for the formats that machines read."""
    calibration: Calibration
    n_drifted: int
    n_unconfirmed: int
    n_undecided: int
    n_absent: int
    n_drifted_ever: int
    """Drifted in at least one granule of the run."""
    severity: Severity
    verdict: Verdict
    sentence: str

    @property
    def n_features(self) -> int:
        """Features in the report."""
        return len(self.features)

    @property
    def n_rows(self) -> int:
        """Rows judged, over all granules."""
        return sum(line.n_rows for line in self.granules)


def build(
    run: RunSummary, model: Model, granules: Sequence[GranuleDrift], details: Mapping[str, CellDetail]
) -> Document:
    """Work out what the report says.

    Parameters
    ----------
    run, model
        The saved run and the model it belongs to.
    granules
        Every result of the run, segments included; the order does not matter.
    details
        By feature; for features that are missing here the report has figures but no charts. `telling_granules` says
        which granule's detail fits.
    """
    results = tuple(sorted(granules, key=lambda result: (result.segment, result.granule)))
    whole = _whole(results)
    word = model.granularity.word
    lines = _feature_lines(whole, details, word)
    states = Counter(line.drift.state for line in lines)
    return Document(
        run=run,
        model_title=model.title,
        model_kind=model.kind,
        owner=model.owner,
        is_example=model.is_example,
        granule_word=word,
        features=lines,
        granules=tuple(map(_granule_line, whole)),
        segments=_segment_lines(results),
        results=results,
        calibration=_least_trusted(line.drift for line in lines),
        n_drifted=states[CellState.DRIFTED],
        n_unconfirmed=states[CellState.UNCONFIRMED],
        n_undecided=states[CellState.UNDECIDED],
        n_absent=states[CellState.ABSENT],
        n_drifted_ever=sum(1 for line in lines if line.n_drifted),
        severity=whole[-1].severity if whole else Severity.NONE,
        verdict=whole[-1].verdict if whole else Verdict.UNDECIDED,
        sentence=judge_sentence(lines, [result.granule for result in whole], word=word),
    )


def telling_granules(granules: Sequence[GranuleDrift]) -> dict[str, str]:
    """Say for each feature which granule the report shows: the latest one with its most notable state.

    A caller loads the details of these cells, and of no others.
    """
    whole = _whole(sorted(granules, key=lambda result: result.granule))
    return {name: label for name, (label, _) in _telling(whole).items()}


def _whole(results: Iterable[GranuleDrift]) -> tuple[GranuleDrift, ...]:
    return tuple(result for result in results if not result.segment)


def _telling(whole: Sequence[GranuleDrift]) -> dict[str, tuple[str, FeatureDrift]]:
    chosen: dict[str, tuple[str, FeatureDrift]] = {}
    for result in whole:
        for drift in result.features:
            held = chosen.get(drift.name)
            if held is None or _ATTENTION.index(drift.state) <= _ATTENTION.index(held[1].state):
                chosen[drift.name] = (result.granule, drift)
    return chosen


def _feature_lines(
    whole: Sequence[GranuleDrift], details: Mapping[str, CellDetail], word: str
) -> tuple[FeatureLine, ...]:
    chosen = _telling(whole)
    histories: dict[str, list[FeatureDrift | None]] = {name: [None] * len(whole) for name in chosen}
    for position, result in enumerate(whole):
        for drift in result.features:
            histories[drift.name][position] = drift
    labels = [result.granule for result in whole]
    lines = (_feature_line(chosen[name], histories[name], labels, details.get(name), word) for name in chosen)
    return tuple(sorted(lines, key=_attention))


def _feature_line(
    telling: tuple[str, FeatureDrift],
    history: Sequence[FeatureDrift | None],
    labels: Sequence[str],
    detail: CellDetail | None,
    word: str,
) -> FeatureLine:
    latest = next(drift for drift in reversed(history) if drift)
    drifted = [
        label for label, drift in zip(labels, history, strict=True) if drift and drift.state is CellState.DRIFTED
    ]
    return FeatureLine(
        drift=latest,
        telling=telling[1],
        telling_granule=telling[0],
        history=tuple(history),
        n_drifted=len(drifted),
        last_drifted=drifted[-1] if drifted else "",
        action=advise(latest, word=word),
        detail=detail,
    )


def _attention(line: FeatureLine) -> tuple[int, int, int, float]:
    """Sort by the latest state; what drifts now by size, of the others what drifted earlier first."""
    drift = line.drift
    earlier = 0 if drift.state is CellState.DRIFTED else -line.n_drifted
    return _ATTENTION.index(drift.state), -drift.severity.rank, earlier, -(drift.psi_debiased or 0.0)


def _granule_line(result: GranuleDrift) -> GranuleLine:
    states = Counter(drift.state for drift in result.features)
    return GranuleLine(
        granule=result.granule,
        n_rows=result.n_rows,
        n_drifted=states[CellState.DRIFTED],
        n_unconfirmed=states[CellState.UNCONFIRMED],
        n_undecided=states[CellState.UNDECIDED],
        drifted_share=result.drifted_share,
        severity=result.severity,
        verdict=result.verdict,
        reasons=result.reasons,
    )


def _segment_lines(results: Sequence[GranuleDrift]) -> tuple[SegmentLine, ...]:
    lines = []
    for segment in sorted({result.segment for result in results} - {""}):
        own = [result for result in results if result.segment == segment]
        lines.append(
            SegmentLine(
                segment=segment,
                granule=own[-1].granule,
                n_rows=own[-1].n_rows,
                n_drifted=sum(drift.state is CellState.DRIFTED for drift in own[-1].features),
                severity=own[-1].severity,
                verdict=own[-1].verdict,
            )
        )
    return tuple(lines)


def _least_trusted(drifts: Iterable[FeatureDrift]) -> Calibration:
    return min((drift.calibration for drift in drifts), key=_TRUST.index, default=Calibration.NONE)
