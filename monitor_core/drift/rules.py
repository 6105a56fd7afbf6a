"""From statistics to verdicts: the rule that alerts, severities, and sentences that say why. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from monitor_core import stats
from monitor_core.drift.calibrate import calibrate
from monitor_core.drift.explain import Case, explain, explain_granule, not_in_windows
from monitor_core.drift.measures import Comparator
from monitor_core.drift.results import Calibration, CellState, FeatureDrift, GranuleDrift
from monitor_core.drift.summary import TableSummary, Tally
from monitor_core.drift.windows import Window, window_length, windows
from monitor_core.errors import Conflict
from monitor_core.settings import DriftSettings
from monitor_core.values import Granularity, Severity, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from numpy.typing import NDArray

    from monitor_core.drift.baseline import Baseline
    from monitor_core.drift.calibrate import Spread
    from monitor_core.drift.measures import Measures

    Floats = NDArray[np.float64]

__all__ = ["judge", "judge_each", "judge_single"]

_CELLS_AT_ONCE = 32_000_000
"""Fine cells held at a time: 256 MB."""
_MOST_AT_ONCE = 64
_DEFAULTS = DriftSettings()


def judge(
    baseline: Baseline,
    summaries: Mapping[str, TableSummary],
    *,
    settings: DriftSettings = _DEFAULTS,
    segment: str = "",
    wanted: Collection[str] | None = None,
    progress: Callable[[float, str], None] | None = None,
) -> tuple[GranuleDrift, ...]:
    """Judge granules against a baseline.

    A feature alerts in a granule (state `DRIFTED`) when

    - its p-value, corrected for how much the baseline's granules differ and adjusted over the granule's features, is at
      most `settings.fdr`,
    - its PSI exceeds the noise floor by at least `settings.min_debiased_psi`,
    - while the baseline has fewer than `settings.calibrated_from` granules: its PSI is at least
      `settings.uncalibrated_psi`,
    - and all this was so in `settings.confirm_hits` of the last `settings.confirm_of` granules, this one included.
      Until then it is `UNCONFIRMED`.

    A column that comes with a type that cannot be compared alerts at once: that is no accident of sampling.

    With `settings.window_granules` = N above 1, each granule stands for itself and the N - 1 granules with data before
    it (as many as there are): their sum is judged against windows of as many granules of the baseline, and windows that
    do not overlap confirm each other. A baseline of fewer than `settings.calibrated_some` such windows cannot tell how
    much windows differ: then granules are judged one by one, and the reasons say so.

    Parameters
    ----------
    baseline
        The baseline.
    summaries
        Counts of each granule on the baseline's grid, by label; with the `settings.confirm_of` - 1 granules before the
        wanted ones, which confirmation looks at (windows of N: the ``confirm_of N - 1`` before). Each is asked for
        once (of windows: twice), in order of labels, so a mapping that loads on demand keeps memory small.
    settings
        Thresholds.
    segment
        Segment of the baseline to compare with; ``""`` is everything.
    wanted
        Granules to return; None: all.
    progress
        Called with the share done and a note; may raise `Cancelled`.

    Returns
    -------
    tuple of GranuleDrift
        In order of labels.

    Raises
    ------
    Conflict
        When a summary lies on another grid.
    """
    return tuple(judge_each(baseline, summaries, settings=settings, segment=segment, wanted=wanted, progress=progress))


def judge_each(
    baseline: Baseline,
    summaries: Mapping[str, TableSummary],
    *,
    settings: DriftSettings = _DEFAULTS,
    segment: str = "",
    wanted: Collection[str] | None = None,
    progress: Callable[[float, str], None] | None = None,
) -> Iterator[GranuleDrift]:
    """Judge like `judge`, yielding each granule as soon as it is judged; a few granules are in memory at a time."""
    judged = _Judge(baseline, segment, settings)
    coming = windows(_OnGrid(baseline, summaries), judged.length)
    at_once = max(1, min(_MOST_AT_ONCE, _CELLS_AT_ONCE // max(1, baseline.grid.n_cells)))
    done = 0
    while held := list(islice(coming, at_once)):
        for window, verdicts in zip(held, judged.windows(held), strict=True):
            if wanted is None or window.last in wanted:
                yield verdicts.result(window.last)
        done += len(held)
        if progress is not None:
            progress(done / len(summaries), f"{done:,} of {len(summaries):,} judged")


def judge_single(
    baseline: Baseline, summary: TableSummary, *, settings: DriftSettings = _DEFAULTS, segment: str = ""
) -> GranuleDrift:
    """Judge one table by itself: significance and effect decide, nothing is to be confirmed (`confirmed` is None).

    A baseline without granules cannot tell how much granules differ; then rows are taken as independent, and no larger
    effect is asked for. A table of several granules is compared with windows of as many, `settings.window_granules`.
    """
    single = _Judge(baseline, segment, settings, confirms=False)
    held = Window("", "", single.length, _OnGrid(baseline, {"the table": summary})["the table"])
    (verdicts,) = single.windows([held])
    return verdicts.result("")


class _OnGrid(Mapping[str, TableSummary]):
    """Counts, each looked at for its grid when it is asked for."""

    def __init__(self, baseline: Baseline, summaries: Mapping[str, TableSummary]) -> None:
        self._grid, self._summaries = baseline.grid, summaries

    def __len__(self) -> int:
        return len(self._summaries)

    def __iter__(self) -> Iterator[str]:
        return iter(self._summaries)

    def __getitem__(self, label: str) -> TableSummary:
        summary = self._summaries[label]
        if summary.grid is not self._grid and summary.grid.grid_id != self._grid.grid_id:
            raise Conflict(
                f"the counts of {label!r} lie on another grid than the baseline",
                hint="upload the data again, or keep snapshots, to compare them with this baseline",
            )
        return summary


class _Judge:
    """Judges granules, or windows of them, in order of time; remembers the last hits, for confirmation."""

    def __init__(self, baseline: Baseline, segment: str, settings: DriftSettings, *, confirms: bool = True) -> None:
        self.baseline, self.segment, self.settings = baseline, segment, settings
        self.confirms = confirms
        self.n_reference = int(np.count_nonzero(baseline.reference(segment).n_rows))
        self.length = window_length(self.n_reference, settings)
        self.comparator = Comparator(baseline, segment, threads=settings.threads)
        self._spreads: dict[int, Spread] = {}
        self._adjust = stats.benjamini_yekutieli if settings.dependence == "any" else stats.benjamini_hochberg
        self._recent: deque[NDArray[np.bool_]] = deque(maxlen=(settings.confirm_of - 1) * self.length + 1)
        self._comparable = np.array([not feature.reason for feature in baseline.grid.features], dtype=bool)

    def word(self, length: int = 1) -> str:
        """Return what is judged: a day, a 7-day window."""
        unit = self.baseline.grid.granularity
        word = Granularity.parse(unit).word if unit else "granule"
        return word if length == 1 else f"{length}-{word} window"

    def windows(self, held: Sequence[Window]) -> Iterator[_Verdicts]:
        """Yield the verdicts on each window; they continue those given before."""
        measures = self.comparator.measure([window.summary for window in held])
        found = {length: self._spread(length).p_values(measures) for length in {window.length for window in held}}
        for number, window in enumerate(held):
            p, dof = found[window.length]
            yield self._window(window, measures.row(number), p[number], dof[number])

    def _spread(self, length: int) -> Spread:
        if length not in self._spreads:
            self._spreads[length] = calibrate(self.baseline, self.segment, settings=self.settings, length=length)
        return self._spreads[length]

    def _window(self, window: Window, row: Measures, p: Floats, dof: Floats) -> _Verdicts:
        rules, spread = self.settings, self._spread(window.length)
        enough = (row.n_current >= rules.min_rows) & (row.n_baseline >= rules.min_rows)
        decided = self._comparable & enough & (row.cells >= 2) & np.isfinite(p)
        adjusted = self._adjust(np.where(decided, p, np.nan)) if len(p) else p
        significant = decided & (adjusted <= rules.fdr)
        large = significant & (row.debiased >= rules.min_debiased_psi)
        free = not self.confirms or spread.calibration is Calibration.CALIBRATED
        retyped = self._comparable & (row.retyped > 0) & (row.n_current == 0)
        hit = (large & (free | (row.psi >= rules.uncalibrated_psi))) | retyped
        self._recent.append(hit)
        hits = np.sum(list(self._recent)[:: -self.length], axis=0)  # of windows that do not overlap
        confirmed = hit & (retyped | (hits >= rules.confirm_hits) | (not self.confirms))
        absent = self._comparable & (row.n_current == 0) & (row.absent > 0) & ~retyped
        state = np.select([absent, confirmed, hit, decided], [_PLACE[state] for state in _PRECEDENCE], _UNDECIDED)
        return _Verdicts(self, window, spread, row, p, adjusted, dof, state, hits, significant, large & ~hit)


_PLACE = {state: number for number, state in enumerate(CellState)}
_PRECEDENCE = (CellState.ABSENT, CellState.DRIFTED, CellState.UNCONFIRMED, CellState.STABLE)
_UNDECIDED = _PLACE[CellState.UNDECIDED]


@dataclass(frozen=True, slots=True, eq=False)
class _Verdicts:
    """One granule, judged; arrays of shape (features,)."""

    judge: _Judge
    window: Window
    spread: Spread
    row: Measures
    p: Floats
    adjusted: Floats
    dof: Floats
    state: NDArray[np.int64]
    hits: NDArray[np.int64]
    significant: NDArray[np.bool_]
    blocked: NDArray[np.bool_]

    def result(self, label: str) -> GranuleDrift:
        """Return the granule's result."""
        states = [_ALL_STATES[number] for number in self.state.tolist()]
        severities = self._severities(states)
        features = tuple(self._features(states, severities))
        judged = sum(state in _JUDGED for state in states)
        share = states.count(CellState.DRIFTED) / judged if judged else 0.0
        critical = share > self.judge.settings.drifted_share_critical
        severity = max((s for s, state in zip(severities, states, strict=True) if state in _SHOWN), default=_NONE)
        return GranuleDrift(
            granule=label,
            segment=self.judge.segment,
            n_rows=self.window.summary.n_rows,
            features=features,
            drifted_share=share,
            severity=Severity.CRITICAL if critical else severity,
            verdict=_overall(states),
            reasons=self._reasons(states, share),
            window=self.window.length,
        )

    def _reasons(self, states: Sequence[CellState], share: float) -> tuple[str, ...]:
        names = [feature.name for feature in self.judge.baseline.grid.features]
        return explain_granule(
            self.spread.calibration,
            self.judge.settings,
            word=self._word,
            n_reference=self.spread.n_granules,
            drifted_share=share,
            absent=[name for name, state in zip(names, states, strict=True) if state is CellState.ABSENT],
            extra=self.window.summary.extra,
            confirms=self.judge.confirms,
            span=self._span(),
        )

    @property
    def _word(self) -> str:
        return self.judge.word(self.window.length)

    def _span(self) -> str:
        """Say which granules were judged together, or why they were not."""
        judge, window = self.judge, self.window
        wanted = judge.settings.window_granules
        if window.length > 1:
            return f"{window.length} {judge.word()}s together" + (
                f": {window.first} to {window.last}" if window.last else ""
            )
        if judge.length < wanted:
            return not_in_windows(wanted, judge.n_reference, judge.settings, word=judge.word())
        return ""

    def _severities(self, states: Sequence[CellState]) -> list[Severity]:
        rules, psi = self.judge.settings, np.nan_to_num(self.row.psi)
        rank = 1 + np.searchsorted([rules.psi_moderate, rules.psi_high, rules.psi_critical], psi, side="right")
        rank = np.where(np.nan_to_num(self.row.ks_low) >= rules.ks_drift, np.maximum(rank, _HIGH), rank)
        rank = np.where((self.row.n_current == 0) & (self.row.absent + self.row.retyped > 0), _HIGH, rank)
        blocked = self.blocked.tolist()
        return [
            _capped(int(size), state, is_blocked=held) for size, state, held in zip(rank, states, blocked, strict=True)
        ]

    def _features(self, states: Sequence[CellState], severities: Sequence[Severity]) -> Iterator[FeatureDrift]:
        columns = {name: _optional(getattr(self.row, name)) for name in _FIELDS}
        columns |= {"p": _optional(self.p), "adjusted": _optional(self.adjusted), "dof": _optional(self.dof)}
        n_baseline, n_current = self.row.n_baseline.tolist(), self.row.n_current.tolist()
        quiet = self._quiet().tolist()
        for index, feature in enumerate(self.judge.baseline.grid.features):
            state = states[index]
            yield FeatureDrift(
                name=feature.name,
                kind=feature.kind,
                role=feature.role,
                n_baseline=int(n_baseline[index]),
                n_current=int(n_current[index]),
                psi=columns["psi"][index],
                psi_debiased=columns["debiased"][index],
                noise_floor=columns["noise_floor"][index],
                noise_q99=columns["noise_q99"][index],
                ks_low=columns["ks_low"][index],
                ks_high=columns["ks_high"][index],
                js=columns["js"][index],
                wasserstein=columns["wasserstein"][index],
                chi2=columns["chi2"][index],
                dof=columns["dof"][index],
                p_value=columns["p"][index],
                p_adjusted=columns["adjusted"][index],
                missing_share=columns["missing"][index],
                missing_share_baseline=columns["missing_baseline"][index],
                unseen_share=columns["unseen"][index],
                out_of_range_share=columns["out_of_range"][index],
                calibration=self.spread.calibration,
                severity=severities[index],
                verdict=_VERDICTS[state],
                confirmed=self._confirmed(state),
                state=state,
                reasons=() if quiet[index] and state is CellState.STABLE else self._explained(index, state),
            )

    def _confirmed(self, state: CellState) -> bool | None:
        if not self.judge.confirms:
            return None
        return state is CellState.DRIFTED

    def _quiet(self) -> NDArray[np.bool_]:
        """Return the features about which a stable verdict says everything."""
        small = np.nan_to_num(self.row.psi) < self.judge.settings.psi_moderate
        noted = {name for name, _ in self.window.summary.retyped}
        named = np.array([f.name in noted for f in self.judge.baseline.grid.features], dtype=bool)
        odd = (self.row.absent > 0) | (self.row.retyped > 0) | (self._infinite() > 0) | named
        return np.asarray(small & ~self.significant & ~odd)

    def _infinite(self) -> NDArray[np.int64]:
        tallies = self.window.summary.tallies
        return np.asarray(tallies[:, Tally.NEGATIVE_INFINITE] + tallies[:, Tally.POSITIVE_INFINITE])

    def _explained(self, index: int, state: CellState) -> tuple[str, ...]:
        row, judge, summary = self.row, self.judge, self.window.summary
        feature = judge.baseline.grid.features[index]
        case = Case(
            feature=feature,
            state=state,
            n_baseline=int(row.n_baseline[index]),
            n_current=int(row.n_current[index]),
            psi=float(row.psi[index]),
            noise_floor=float(row.noise_floor[index]),
            p_adjusted=float(self.adjusted[index]),
            cells=float(np.nan_to_num(row.cells[index])),
            rho=float(self.spread.rho[index]),
            hits=int(self.hits[index]),
            is_significant=bool(self.significant[index]),
            is_blocked=bool(self.blocked[index]),
            confirms=judge.confirms,
            missing=float(row.missing[index]),
            missing_baseline=float(row.missing_baseline[index]),
            unseen=float(row.unseen[index]),
            out_of_range=float(row.out_of_range[index]),
            least=float(summary.extremes[index, 0]),
            greatest=float(summary.extremes[index, 1]),
            infinite=int(self._infinite()[index]),
            absent=int(row.absent[index]),
            retyped=int(row.retyped[index]),
            found_type=", ".join(found for name, found in summary.retyped if name == feature.name),
        )
        return explain(case, judge.settings, word=self._word, n_reference=self.spread.n_granules)


_ALL_STATES = tuple(CellState)
_JUDGED = {CellState.STABLE, CellState.UNCONFIRMED, CellState.DRIFTED}
_SHOWN = {CellState.DRIFTED, CellState.UNCONFIRMED, CellState.ABSENT}
_NONE = Severity.NONE
_HIGH = Severity.HIGH.rank
_SEVERITIES = tuple(Severity)
_VERDICTS = {
    CellState.STABLE: Verdict.STABLE,
    CellState.UNCONFIRMED: Verdict.DRIFTED,
    CellState.DRIFTED: Verdict.DRIFTED,
    CellState.UNDECIDED: Verdict.UNDECIDED,
    CellState.ABSENT: Verdict.UNDECIDED,
}
_FIELDS = (
    "psi",
    "debiased",
    "noise_floor",
    "noise_q99",
    "ks_low",
    "ks_high",
    "js",
    "wasserstein",
    "chi2",
    "missing",
    "missing_baseline",
    "unseen",
    "out_of_range",
)


def _capped(size: int, state: CellState, *, is_blocked: bool) -> Severity:
    """Return the severity by size, as far as the evidence carries it."""
    if state is CellState.UNCONFIRMED:
        return min(_SEVERITIES[size], Severity.MODERATE)
    if state in _SHOWN:
        return _SEVERITIES[size]
    return Severity.LOW if is_blocked else Severity.NONE


def _overall(states: Sequence[CellState]) -> Verdict:
    if CellState.DRIFTED in states:
        return Verdict.DRIFTED
    return Verdict.STABLE if any(state in _JUDGED for state in states) else Verdict.UNDECIDED


def _optional(values: Floats) -> list[float | None]:
    return [None if value != value else value for value in values.tolist()]  # noqa: PLR0124 - NaN is the one that differs
