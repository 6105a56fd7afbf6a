"""Take a delivery of predictions or labels in: all of it counts once, or nothing does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from monitor_core.clock import Clock
    from monitor_core.performance.coding import CellCoder
    from monitor_core.performance.results import Batch
    from monitor_core.settings import PerformanceSettings
    from monitor_core.snapshots.roles import Roles
    from monitor_core.snapshots.sources import TableSource
    from monitor_core.storage.trail import Trail
    from monitor_core.values import Granularity, ModelRef

__all__ = ["Kind", "PerformanceIntake"]

Kind = Literal["predictions", "labels", "labelled"]


class PerformanceIntake:
    """The one way for predictions and labels into the performance tables."""

    def __init__(self, engine: Engine, trail: Trail, now: Clock) -> None:
        self._engine = engine
        self._trail = trail
        self._now = now

    def take_in(
        self,
        source: TableSource,
        roles: Roles,
        ref: ModelRef,
        *,
        kind: Kind,
        granularity: Granularity,
        settings: PerformanceSettings,
        idempotency_key: str,
        actor: str,
        on_bad: Literal["keep", "refuse"] = "keep",
        snapshot_id: str | None = None,
        coder: CellCoder | None = None,
        progress: Callable[[float, str], None] = lambda share, note: None,
    ) -> Batch:
        """Take one delivery in, in one transaction.

        Parameters
        ----------
        kind
            ``predictions``, ``labels`` or ``labelled`` (both in one row; a missing label may come later).
        idempotency_key
            The same key of the same model again: the first answer, with `Batch.is_repeat`.
        on_bad
            ``keep`` the good rows and say why the others were kept out, or ``refuse`` the whole.

        Raises
        ------
        Refused
            For missing roles, a whole without one good row, and with ``on_bad="refuse"`` for any bad row.
        """
        raise NotImplementedError
