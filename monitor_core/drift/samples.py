"""The multivariate check on stored samples of rows."""

from __future__ import annotations

from contextlib import contextmanager
from hashlib import sha256
from math import ceil, floor, log
from typing import TYPE_CHECKING

import pyarrow as pa

from monitor_core.drift.multivariate import MOST_REFERENCES, multivariate, reference_aucs
from monitor_core.drift.results import MultivariateDrift
from monitor_core.values import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from monitor_core.drift.sample import RowSample
    from monitor_core.drift.store import BaselineInfo
    from monitor_core.drift.stored import SummaryStore

__all__ = ["SampleJudge"]

_SEED = 0
_STEP = 1.25


class SampleJudge:
    """Judge all features of a granule together, against the rows sampled of the baseline's granules.

    Parameters
    ----------
    connection
        From `storage.engine.consistent`.
    info
        The baseline; of a rolling one the range that it was made of.
    size
        Rows taken of a granule at most.
    """

    def __init__(self, connection: Connection, info: BaselineInfo, summaries: SummaryStore, *, size: int) -> None:
        self._connection = connection
        self._info = info
        self._summaries = summaries
        self._size = size
        self._references = self._read_references()
        self._aucs: dict[int, tuple[float, ...]] = {}
        self.digests: dict[str, str] = {label: _digest(sample) for label, sample in self._references.items()}
        """Hash of what was read, by granule."""

    def judge(self, granule: str) -> MultivariateDrift:
        """Judge one granule; undecided, with the reason, when no rows were kept."""
        sample = self._read(granule)
        if sample is None or not self._references:
            whose = "this granule" if sample is None else "the baseline"
            reason = f"no rows of {whose} were kept for the check of all features together"
            return MultivariateDrift(None, (), None, 0, 0, Verdict.UNDECIDED, (), (reason,))
        self.digests[f"current {granule}"] = _digest(sample)
        together = pa.concat_tables(self._tables, promote_options="permissive")
        with _one_thread():
            return multivariate(together, sample.table, self._expected(together, sample.table), rng_seed=_SEED)

    @property
    def _tables(self) -> list[pa.Table]:
        return [reference.table for reference in self._references.values()]

    def _read(self, granule: str) -> RowSample | None:
        ids = self._summaries.snapshots(self._connection, self._info.grid_id, granule, granule)
        found = self._summaries.samples(self._connection, ids, first=granule, last=granule, size=self._size)
        return found.get(granule)

    def _expected(self, baseline: pa.Table, current: pa.Table) -> tuple[float, ...]:
        """Return how far apart quiet granules are, measured once for similar numbers of rows (never for more)."""
        step = floor(log(max(1, current.num_rows), _STEP))
        if step not in self._aucs:
            rows = min(current.num_rows, ceil(_STEP**step))
            self._aucs[step] = reference_aucs(
                self._tables, n_baseline=max(1, baseline.num_rows), n_current=max(1, rows), rng_seed=_SEED
            )
        return self._aucs[step]

    def _read_references(self) -> dict[str, RowSample]:
        origin = self._info.origin
        if "snapshot_id" in origin:
            ids: tuple[str, ...] = (origin["snapshot_id"],)
            first, last = "", "\uffff"
        else:
            first, last = origin["first"], origin["last"]
            ids = self._summaries.snapshots(self._connection, self._info.grid_id, first, last)
        found = self._summaries.samples(
            self._connection, ids, first=first, last=last, size=self._size, latest=MOST_REFERENCES
        )
        return dict(sorted(found.items()))


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let the classifier work on one thread: on samples of a few thousand rows more only wait for each other.

    (Measured on two busy cores: ten times less CPU, and minutes less on the clock.)
    """
    import sklearn.ensemble  # noqa: F401, PLC0415 - the limit binds only libraries that are loaded already
    from threadpoolctl import threadpool_limits  # noqa: PLC0415 - comes with scikit-learn, and only this leaf needs it

    with threadpool_limits(limits=1):
        yield


def _digest(sample: RowSample) -> str:
    return sha256(sample.to_bytes()).hexdigest()
