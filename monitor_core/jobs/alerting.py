"""Rules evaluated beside the scraping: alerts come and go while a collector runs."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from monitor_core.alerts.evaluator import RuleEvaluator
from monitor_core.alerts.loading import load_rules
from monitor_core.alerts.recording import StoreSink
from monitor_core.alerts.store import AlertStore
from monitor_core.errors import MonitorError
from monitor_core.metrics.promql.engine import Engine
from monitor_core.metrics.store.database import FILE
from monitor_core.metrics.store.reader import StoreReader

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from sqlalchemy import Engine as Database

    from monitor_core.clock import Clock
    from monitor_core.metrics.store.writer import StoreWriter
    from monitor_core.settings import Settings

__all__ = ["rule_evaluation"]

_AT_LEAST = 1.0
_log = logging.getLogger(__name__)


def rule_evaluation(
    database: Database, settings: Settings, now: Clock
) -> Callable[[StoreWriter, threading.Event], None]:
    """Return the work that a collector does beside scraping: evaluate our rules until it is time to end.

    What rules record lies in the store of the samples, alerts and their history in the database. A rule or database
    that fails is told in the log, and asked again when it is due.
    """

    def work(writer: StoreWriter, stop: threading.Event) -> None:
        evaluator = RuleEvaluator(
            load_rules(),
            Engine(StoreReader(settings.data_dir / FILE)),
            sink=StoreSink(writer),
            keeper=AlertStore(database),
        )
        told: set[tuple[str, str]] = set()
        while not stop.is_set():
            told = _evaluate(evaluator, now, told)
            due = evaluator.due()
            wait = (due - now()).total_seconds() if due is not None else _AT_LEAST
            stop.wait(max(wait, _AT_LEAST))

    return work


def _evaluate(evaluator: RuleEvaluator, now: Clock, told: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Evaluate what is due and return what failed; a failure that lasts is told once."""
    try:
        failed = set(evaluator.evaluate(now()).errors)
    except (MonitorError, SQLAlchemyError) as error:
        failed = {("every rule", f"{type(error).__name__}: {error}".splitlines()[0])}
    for rule, why in sorted(failed - told):
        _log.warning("rule %s cannot be evaluated: %s", rule, why)
    return failed
