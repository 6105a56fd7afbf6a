"""Verdicts in plain sentences. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from monitor_core import stats
from monitor_core.drift.results import Calibration, CellState, FeatureKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from monitor_core.drift.grid import FeatureGrid
    from monitor_core.settings import DriftSettings

__all__ = ["Case", "explain", "explain_granule", "not_in_windows"]

_NOTABLE = 0.01
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Case:
    """Everything about one feature in one granule that a reason may mention; NaN where not computable."""

    feature: FeatureGrid
    state: CellState
    n_baseline: int
    n_current: int
    psi: float
    noise_floor: float
    p_adjusted: float
    cells: float
    rho: float
    hits: int
    is_significant: bool
    is_blocked: bool
    confirms: bool
    missing: float
    missing_baseline: float
    unseen: float
    out_of_range: float
    least: float
    greatest: float
    infinite: int
    absent: int
    retyped: int
    found_type: str


def explain(case: Case, settings: DriftSettings, *, word: str, n_reference: int) -> tuple[str, ...]:
    """Return why the verdict on one feature is as it is, most important first."""
    return (*_verdict(case, settings, word, n_reference), *_facts(case))


def _verdict(case: Case, settings: DriftSettings, word: str, n_reference: int) -> Iterator[str]:
    match case.state:
        case CellState.ABSENT:
            yield f"the column is not in the data of this {word}" if case.confirms else "the column is not in the data"
        case CellState.UNDECIDED:
            yield _undecided(case, settings)
        case CellState.DRIFTED | CellState.UNCONFIRMED if not case.n_current:
            yield f"type changed from {case.feature.dtype} to {case.found_type}: the values cannot be compared"
        case CellState.DRIFTED | CellState.UNCONFIRMED:
            chance = f"chance alone gives {case.noise_floor:.3f}"
            yield f"PSI {case.psi:.3f} where {chance}; adjusted p {_p(case.p_adjusted)}"
            if case.confirms:
                seen = f"seen in {case.hits} of the last {settings.confirm_of} {word}s"
                waits = f", alerts from {settings.confirm_hits} on"
                yield seen + (waits if case.state is CellState.UNCONFIRMED else "")
        case CellState.STABLE:
            yield from _stable(case, settings, word, n_reference)


def _stable(case: Case, settings: DriftSettings, word: str, n_reference: int) -> Iterator[str]:
    size = _size(case.psi, settings)
    if case.is_blocked:
        yield (
            f"significant, but {word}s not yet calibrated: {size or 'small'} by size (PSI {case.psi:.3f}); with "
            f"{_counted(n_reference, f'reference {word}')} (fewer than {settings.calibrated_from}) an alert also needs "
            f"a PSI of {settings.uncalibrated_psi:g}"
        )
    elif case.is_significant:
        yield (
            f"a real change (adjusted p {_p(case.p_adjusted)}), but small: PSI {case.psi - case.noise_floor:.4f} above "
            f"chance, alerts from {settings.min_debiased_psi:g} on"
        )
    elif size:
        yield f"{size} by size, within noise for m = {case.n_current:,}{_needed(case, settings)}"


def _undecided(case: Case, settings: DriftSettings) -> str:
    if case.feature.reason:
        return case.feature.reason
    if case.n_baseline < settings.min_rows:
        rows = _counted(case.n_baseline, "row")
        return f"not enough baseline rows: {rows}; a verdict takes at least {settings.min_rows}"
    if case.n_current < settings.min_rows:
        rows = _counted(case.n_current, "row")
        return f"not enough rows: {rows}; a verdict takes at least {settings.min_rows}{_needed(case, settings)}"
    if case.missing == 1.0:
        return "not computable: all values are missing, in the baseline as in the current data"
    return "not computable: constant, the same single value in the baseline as in the current data"


def _needed(case: Case, settings: DriftSettings) -> str:
    n = _rows_needed(
        settings.psi_moderate, case.n_baseline, max(2, int(case.cells)), settings.fdr, round(max(case.rho, 0.0), 6)
    )
    if n is None:
        return f"; no number of rows would tell a PSI of {settings.psi_moderate:g} from noise with this baseline"
    return (
        f"; about {n:,} rows are needed to tell a PSI of {settings.psi_moderate:g} from noise"
        if n > case.n_current
        else ""
    )


@lru_cache(maxsize=65_536)
def _rows_needed(effect: float, n_baseline: int, cells: int, alpha: float, rho: float) -> int | None:
    return stats.rows_needed(effect, n_baseline=n_baseline, cells=cells, alpha=alpha, rho=rho) if n_baseline else None


def _facts(case: Case) -> Iterator[str]:
    notable = case.state in {CellState.DRIFTED, CellState.UNCONFIRMED}
    if notable and abs(case.missing - case.missing_baseline) >= _NOTABLE:
        yield f"missing: {_percent(case.missing)}, in the baseline {_percent(case.missing_baseline)}"
    if notable and case.unseen >= _NOTABLE:
        rest = (
            "" if case.feature.complete else f" (or that are not among its {len(case.feature.levels):,} most frequent)"
        )
        yield f"{_percent(case.unseen)} have levels that the baseline never held{rest}"
    if notable and case.out_of_range >= _NOTABLE:
        yield _range(case)
    if case.infinite:
        yield f"{_counted(case.infinite, 'infinite value')}"
    if case.found_type and case.n_current:
        yield f"type changed from {case.feature.dtype} to {case.found_type}"
    if case.retyped and case.n_current:
        yield f"{_counted(case.retyped, 'row')} of that type left out"
    if case.absent and case.state is not CellState.ABSENT:
        yield f"{_counted(case.absent, 'row')} came without this column and are left out"


def _range(case: Case) -> str:
    knots, feature = case.feature.knots, case.feature
    # the last knot lies just above the greatest baseline value
    span = f"{_value(feature, float(knots[0]))} to {_value(feature, float(knots[-1]))}"
    outside = f"{_percent(case.out_of_range)} lie outside the baseline's range {span}"
    if case.least > case.greatest:  # nothing but infinite values
        return outside
    return f"{outside} (values here: {_value(feature, case.least)} to {_value(feature, case.greatest)})"


def _value(feature: FeatureGrid, value: float) -> str:
    if feature.kind is FeatureKind.DATETIME:
        try:
            return (_EPOCH + timedelta(microseconds=value)).strftime("%Y-%m-%d %H:%M")
        except (OverflowError, ValueError):
            return "a date out of reach"
    return f"{value:.6g}"


def _size(psi: float, settings: DriftSettings) -> str:
    if psi >= settings.psi_critical:
        return "critical"
    if psi >= settings.psi_high:
        return "high"
    return "moderate" if psi >= settings.psi_moderate else ""


def _p(value: float) -> str:
    return "below 0.0001" if value < 1e-4 else f"{value:.4f}"


def _percent(share: float) -> str:
    return f"{share:.1%}".replace("%", " %")


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def explain_granule(
    calibration: Calibration,
    settings: DriftSettings,
    *,
    word: str,
    n_reference: int,
    drifted_share: float,
    absent: Sequence[str],
    extra: Sequence[tuple[str, str]],
    confirms: bool,
    span: str = "",
) -> tuple[str, ...]:
    """Return what holds for all features of one granule; `span` says which granules were judged together."""
    return (
        *([span] if span else []),
        *_about_columns(settings, drifted_share, absent, extra),
        *_about_calibration(calibration, settings, word, n_reference, confirms=confirms),
    )


def not_in_windows(length: int, n_reference: int, settings: DriftSettings, *, word: str) -> str:
    """Say why granules were judged one by one and not in windows of `length`."""
    needed = length * settings.calibrated_some
    return (
        f"judged {word} by {word}: windows of {length} {word}s take a baseline of {needed:,} {word}s "
        f"({settings.calibrated_some} windows), and this one has {n_reference:,}"
    )


def _about_columns(
    settings: DriftSettings, drifted_share: float, absent: Sequence[str], extra: Sequence[tuple[str, str]]
) -> Iterator[str]:
    if drifted_share > settings.drifted_share_critical:
        limit = _percent(settings.drifted_share_critical)
        yield f"{_percent(drifted_share)} of the features drifted, more than {limit}"
    if absent:
        yield f"{_counted(len(absent), 'column')} of the baseline not in the data: {_listed(absent)}"
    if extra:
        yield f"{_counted(len(extra), 'column')} not in the baseline: {_listed([f'{n} ({t})' for n, t in extra])}"


def _about_calibration(
    calibration: Calibration, settings: DriftSettings, word: str, n_reference: int, *, confirms: bool
) -> Iterator[str]:
    if not confirms:
        if calibration is Calibration.NONE:
            yield "rows are taken as independent: the baseline does not show how much granules differ"
    elif calibration is not Calibration.CALIBRATED:
        state = "not yet calibrated" if calibration is Calibration.SOME else "uncalibrated: rows count as independent"
        yield (
            f"{state}; the baseline has {_counted(n_reference, word)}, and how much {word}s differ by themselves is "
            f"known roughly from {settings.calibrated_some}, well from {settings.calibrated_from} on; until then an "
            f"alert also needs a PSI of {settings.uncalibrated_psi:g}"
        )


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:5])
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5:,} more"
