"""Judge what is stored: which granules, against which baseline, with which history."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np

from monitor_core.drift.baseline import Baseline
from monitor_core.drift.build import baseline_from_summaries
from monitor_core.drift.explain import not_in_windows
from monitor_core.drift.progress import between
from monitor_core.drift.reach import Reach
from monitor_core.drift.results import CellState
from monitor_core.drift.rules import judge_each
from monitor_core.drift.runs import SavedGranule
from monitor_core.drift.samples import SampleJudge
from monitor_core.drift.stored import StoredSummaries
from monitor_core.drift.summary import TableSummary
from monitor_core.drift.windows import window_length
from monitor_core.errors import Conflict
from monitor_core.values import Granularity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sqlalchemy import Connection

    from monitor_core.drift.progress import Progress
    from monitor_core.drift.results import GranuleDrift, MultivariateDrift
    from monitor_core.drift.store import BaselineInfo, BaselineStore
    from monitor_core.drift.stored import SummaryStore
    from monitor_core.drift.summary import FeatureSummary
    from monitor_core.settings import DriftSettings

__all__ = ["Found", "Judging"]

_PREVIEWED_FROM = 10
"""Granules from which the latest is judged first, to be told while the others are judged."""


@dataclass(frozen=True, slots=True)
class Found:
    """What judging found."""

    results: tuple[SavedGranule, ...]
    """Every granule of the whole in time order, then those of each segment."""
    latest: GranuleDrift
    """The last granule of the whole."""
    input_sha256: str
    left_out: tuple[str, ...]


class Judging:
    """One look at the stored counts, all at the same moment.

    Parameters
    ----------
    connection
        From `storage.engine.consistent`.
    info
        The baseline to compare with.
    settings
        The thresholds in force.
    """

    def __init__(
        self,
        connection: Connection,
        info: BaselineInfo,
        *,
        baselines: BaselineStore,
        summaries: SummaryStore,
        settings: DriftSettings,
    ) -> None:
        self._connection = connection
        self._info = info
        self._baselines = baselines
        self._summaries = summaries
        self._settings = settings
        is_slot = info.kind == "same_weekday"  # a window would hold every weekday
        self._rules = replace(settings, window_granules=1) if is_slot else settings
        self._grid = baselines.grid(info.grid_id, connection=connection)
        self._left_out: list[str] = []
        self._digest = sha256()

    def judge(self, wanted: tuple[str, str] | None, *, by_segment: bool, progress: Progress) -> Found:
        """Judge the wanted granules (all when None), and their segments on request.

        Raises
        ------
        Conflict
            There is nothing to judge.
        """
        self._note(self._info.sha256, self._info.kind, self._info.origin, _telling(self._settings))
        segments = ["", *(self._segments() if by_segment else ())]
        judge_rows = self._sample_judge()
        rows = dict(self._summaries.granules(self._info.grid_id, connection=self._connection))
        results: list[SavedGranule] = []
        latest: GranuleDrift | None = None
        for number, segment in enumerate(segments):
            tell = between(progress, number / len(segments), (number + 1) / len(segments))
            for judged in self._segment(segment, wanted, tell):
                result = judged
                if not segment:
                    together = judge_rows(judged.granule) if judge_rows else None
                    latest = result = replace(judged, multivariate=together)
                own = judged.n_rows if segment else rows[judged.granule]
                results.append(SavedGranule.of(result, own))  # as objects, results would be ten times as large
            if latest is None:
                break
        if latest is None:
            raise self._nothing(wanted)
        return Found(tuple(results), latest, self._digest.hexdigest(), tuple(self._left_out))

    def feature(self, name: str, label: str, segment: str) -> tuple[FeatureSummary, FeatureSummary]:
        """Return the counts of one feature, of its baseline and of one granule; only one block of features is read."""
        number = self._grid.block_of(name)
        reach = self._reach(segment)
        parts = (self._block(one, segment, number) for one in reach.together(label))
        current = TableSummary.total(self._grid.block(number), parts)
        window = reach.window(label)
        if window is None:
            baseline = self._baselines.load_block(self._info, number, connection=self._connection).total(segment)
        else:
            parts = (self._block(one, segment, number) for one in window)
            baseline = TableSummary.total(self._grid.block(number), parts)
        return baseline.feature(name), current.feature(name)

    def _segments(self) -> tuple[str, ...]:
        baseline = self._baselines.load(self._info)
        found = self._summaries.segments(self._info.grid_id, connection=self._connection)
        for segment in found:
            if segment not in baseline.totals:
                self._left_out.append(f"segment {segment!r} left out: the baseline never held it")
        return tuple(segment for segment in found if segment in baseline.totals)

    def _reach(self, segment: str) -> Reach:
        length = self._length(segment)
        rows = self._summaries.granules(self._info.grid_id, segment=segment, connection=self._connection)
        return Reach(
            tuple(label for label, _ in rows),
            kind=self._info.kind,
            first=self._info.origin.get("first", ""),
            last=self._info.origin.get("last", ""),
            history=self._settings.confirm_of * length - 1,
            length=length,
            least=length * self._settings.calibrated_some if length > 1 else 1,
        )

    def _length(self, segment: str) -> int:
        """Return how many granules are judged together."""
        if self._rules.window_granules == 1:
            return 1
        return window_length(self._n_reference(segment), self._rules)

    def _n_reference(self, segment: str) -> int:
        reference = self._first_block.reference(segment)
        return int(np.count_nonzero(reference.n_rows))

    @cached_property
    def _first_block(self) -> Baseline:
        return self._baselines.load_block(self._info, 0, connection=self._connection)

    def _tell_length(self, segment: str, length: int) -> None:
        """Say why granules are judged one by one although windows were asked for."""
        wanted, word = self._settings.window_granules, self._word
        if length == wanted:
            return
        whose = f"segment {segment!r} " if segment else ""
        if self._rules is not self._settings:
            said = f"judged {word} by {word}: a baseline of the same weekday is not compared with windows"
        else:
            said = not_in_windows(wanted, self._n_reference(segment), self._settings, word=word)
        self._left_out.append(whose + said)

    @property
    def _word(self) -> str:
        return Granularity.parse(self._grid.granularity).word if self._grid.granularity else "granule"

    def _segment(self, segment: str, wanted: tuple[str, str] | None, progress: Progress) -> Iterator[GranuleDrift]:
        reach = self._reach(segment)
        labels = [label for label in reach.labels if wanted is None or wanted[0] <= label <= wanted[1]]
        if not labels:
            return
        self._tell_length(segment, reach.length)
        stored = StoredSummaries(
            self._connection, self._grid, self._info.grid_id, reach.labels, segment=segment, keep=reach.kept
        )
        judge = self._moving if reach.moves else self._fixed
        if not segment and len(labels) > _PREVIEWED_FROM:
            (latest,) = judge(stored, reach, labels[-1:], segment, _silent)
            progress = _with_preview(latest, progress)
        yield from judge(stored, reach, labels, segment, progress)
        self._note(segment, labels, dict(sorted(stored.digests.items())))

    def _fixed(
        self, stored: StoredSummaries, reach: Reach, labels: Sequence[str], segment: str, progress: Progress
    ) -> Iterator[GranuleDrift]:
        """Judge all against the stored baseline, in one go."""
        baseline = self._baselines.load(self._info)
        read = stored.only(reach.with_history(labels))
        return judge_each(baseline, read, settings=self._rules, segment=segment, wanted=set(labels), progress=progress)

    def _moving(
        self, stored: StoredSummaries, reach: Reach, labels: Sequence[str], segment: str, progress: Progress
    ) -> Iterator[GranuleDrift]:
        """Judge each granule, and those that confirm it, against the baseline that belongs to it."""
        for number, label in enumerate(labels):
            window = reach.window(label)
            baseline = self._baselines.load(self._info) if window is None else self._sum(stored, window, segment)
            read = stored.only(reach.with_history([label]))
            yield from judge_each(baseline, read, settings=self._rules, segment=segment, wanted={label})
            progress((number + 1) / len(labels), f"{number + 1:,} of {len(labels):,} judged")

    def _sum(self, stored: StoredSummaries, window: Sequence[str], segment: str) -> Baseline:
        made = baseline_from_summaries(self._grid, (((label, ""), stored[label]) for label in window))
        return Baseline(made.grid, {segment: made.total()}, {segment: made.reference()})

    def _block(self, label: str, segment: str, number: int) -> TableSummary:
        return self._summaries.block(
            self._connection, self._grid, self._info.grid_id, granule=label, segment=segment, number=number
        )

    def _sample_judge(self) -> Callable[[str], MultivariateDrift] | None:
        """Return how all features of a granule are judged together, if they are to be."""
        if not self._settings.multivariate:
            return None
        samples = SampleJudge(self._connection, self._info, self._summaries, size=self._settings.sample_rows)
        self._note(samples.digests)

        def judge(granule: str) -> MultivariateDrift:
            found = samples.judge(granule)
            self._note(granule, samples.digests.get(f"current {granule}"))
            return found

        return judge

    def _nothing(self, wanted: tuple[str, str] | None) -> Conflict:
        where = f" from {wanted[0]} to {wanted[1]}" if wanted else ""
        known = [label for label, _ in self._summaries.granules(self._info.grid_id, connection=self._connection)]
        hint = f"there are data from {known[0]} to {known[-1]}" if known else "upload current data first"
        return Conflict(f"there are no data{where} to compare with {self._info.name}", hint=hint)

    def _note(self, *values: object) -> None:
        """Add to the hash of everything that the results depend on."""
        self._digest.update(json.dumps(values, sort_keys=True).encode() + b"\0")


def _silent(_share: float, _note: str) -> None:
    """Tell nobody."""


def _with_preview(latest: GranuleDrift, progress: Progress) -> Progress:
    """Tell what the latest granule shows from the beginning, and with everything told after.

    Nothing is saved before all is judged; who waits for a long run wants to know this first (decision 0023).
    """
    states = [feature.state for feature in latest.features]
    drifted = states.count(CellState.DRIFTED)
    preview = (
        f"preview of {latest.granule}: {drifted:,} of {len(states):,} features drifted, severity {latest.severity}"
    )
    progress(0.0, preview)
    return lambda share, note: progress(share, f"{note}; {preview}")


def _telling(settings: DriftSettings) -> Mapping[str, object]:
    """Return the settings on which results depend: where the work runs is not one of them."""
    values = asdict(settings)
    del values["threads"]
    return values
