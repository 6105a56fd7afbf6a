"""Alerts and their history in the database: what an evaluation made is kept in one transaction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, select, true

from monitor_core.alerts.states import DROPPED, Alert, AlertEvent, AlertState
from monitor_core.metrics.rules_templates import go_number
from monitor_core.storage.schema import alert_event, alert_state, rule_state

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Engine, RowMapping

    from monitor_core.alerts.evaluator import RuleOutcome

__all__ = ["AlertStore", "EventRow", "RuleHealth"]


@dataclass(frozen=True, slots=True)
class EventRow:
    """One line of the history.

    Attributes
    ----------
    event
        pending, firing, resolved or dropped (gone before it fired).
    alert
        As it was then.
    """

    event: str
    at: datetime
    alert: Alert


@dataclass(frozen=True, slots=True)
class RuleHealth:
    """How the last evaluation of one rule went; `error` is empty when it went well."""

    rule_group: str
    rule: str
    evaluated_at: datetime
    seconds: float
    error: str


class AlertStore:
    """Keep alerts over restarts, and their history.

    One evaluator writes (it holds the collector's lease); any number may read.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def load(self, rule_group: str) -> tuple[Alert, ...]:
        """Return the alerts of one group in sight, sorted by rule and labels."""
        column = alert_state.c
        return self._alerts(column.rule_group == rule_group)

    def in_sight(self, *, state: AlertState | None = None) -> tuple[Alert, ...]:
        """Return all alerts in sight, or those in one state."""
        return self._alerts(true() if state is None else alert_state.c.state == state.value)

    def last_evaluated(self, rule_group: str) -> datetime | None:
        """Return when a group was evaluated last; None when it never was."""
        query = select(func.max(rule_state.c.evaluated_at)).where(rule_state.c.rule_group == rule_group)
        with self._engine.connect() as connection:
            last: datetime | None = connection.scalar(query)
        return last

    def health(self) -> tuple[RuleHealth, ...]:
        """Return how the last evaluation of each rule went, by group and rule."""
        column = rule_state.c
        query = select(rule_state).order_by(column.rule_group, column.rule)
        with self._engine.connect() as connection:
            return tuple(RuleHealth(**row) for row in connection.execute(query).mappings())

    def history(
        self, *, fingerprint: str = "", before: datetime | None = None, limit: int = 100
    ) -> tuple[EventRow, ...]:
        """Return what happened, the latest first.

        Parameters
        ----------
        fingerprint
            Of one alert; empty is all.
        before
            Only what happened before this moment.
        """
        column = alert_event.c
        query = select(alert_event).order_by(column.at.desc(), column.episode).limit(limit)
        if fingerprint:
            query = query.where(column.fingerprint == fingerprint)
        if before is not None:
            query = query.where(column.at < before)
        with self._engine.connect() as connection:
            return tuple(_event_row(row) for row in connection.execute(query).mappings())

    def save(self, rule_group: str, outcomes: Sequence[RuleOutcome], at: datetime) -> None:
        """Keep what one evaluation of a group made: alerts, events and how each rule went, all at once."""
        with self._engine.begin() as connection:
            _add_events(connection, [event for outcome in outcomes for event in outcome.events])
            alerts = [alert for outcome in outcomes for alert in outcome.alerts]
            connection.execute(delete(alert_state).where(alert_state.c.rule_group == rule_group))
            if alerts:
                connection.execute(insert(alert_state), [_state_row(alert) for alert in alerts])
            connection.execute(delete(rule_state).where(rule_state.c.rule_group == rule_group))
            if outcomes:
                connection.execute(insert(rule_state), [_health(rule_group, outcome, at) for outcome in outcomes])

    def retire(self, known: Collection[tuple[str, str]], at: datetime) -> tuple[AlertEvent, ...]:
        """Resolve what rules that are no more have left behind, and forget how they went."""
        gone = [alert for alert in self.in_sight() if (alert.rule_group, alert.rule) not in known]
        events = tuple(_ended(alert, at) for alert in gone if alert.state is not AlertState.RESOLVED)
        with self._engine.begin() as connection:
            _add_events(connection, events)
            for alert in gone:
                connection.execute(delete(alert_state).where(alert_state.c.fingerprint == alert.fingerprint))
            for group, rule in connection.execute(select(rule_state.c.rule_group, rule_state.c.rule)).all():
                if (group, rule) not in known:
                    column = rule_state.c
                    connection.execute(delete(rule_state).where(column.rule_group == group, column.rule == rule))
        return events

    def prune(self, before: datetime) -> int:
        """Drop the history before a moment, but for episodes that still last; return how many events."""
        lasting = select(alert_state.c.episode)
        query = delete(alert_event).where(alert_event.c.at < before, alert_event.c.episode.not_in(lasting))
        with self._engine.begin() as connection:
            return connection.execute(query).rowcount

    def _alerts(self, condition: ColumnElement[bool]) -> tuple[Alert, ...]:
        query = select(alert_state).where(condition)
        with self._engine.connect() as connection:
            found = [_alert(row, AlertState(row["state"])) for row in connection.execute(query).mappings()]
        return tuple(sorted(found, key=lambda alert: (alert.rule_group, alert.rule, alert.labels)))


def _add_events(connection: Connection, events: Sequence[AlertEvent]) -> None:
    if events:
        connection.execute(insert(alert_event), [_event_values(event) for event in events])


def _ended(alert: Alert, at: datetime) -> AlertEvent:
    if alert.state is AlertState.PENDING:
        return AlertEvent(alert, at, was_dropped=True)
    return AlertEvent(replace(alert, state=AlertState.RESOLVED, resolved_at=at), at)


def _shared(alert: Alert) -> dict[str, Any]:
    return {
        "fingerprint": alert.fingerprint,
        "episode": alert.episode,
        "rule_group": alert.rule_group,
        "rule": alert.rule,
        "severity": alert.severity,
        "labels": dict(alert.labels),
        "annotations": dict(alert.annotations),
        "value": go_number(alert.value),
        "active_at": alert.active_at,
    }


def _state_row(alert: Alert) -> dict[str, Any]:
    return {
        **_shared(alert),
        "state": alert.state.value,
        "fired_at": alert.fired_at,
        "resolved_at": alert.resolved_at,
        "keep_firing_since": alert.keep_firing_since,
    }


def _event_values(event: AlertEvent) -> dict[str, Any]:
    return {**_shared(event.alert), "event": event.name, "at": event.at}


def _health(rule_group: str, outcome: RuleOutcome, at: datetime) -> dict[str, Any]:
    return {
        "rule_group": rule_group,
        "rule": outcome.key,
        "evaluated_at": at,
        "seconds": outcome.seconds,
        "error": outcome.error,
    }


def _alert(row: RowMapping, state: AlertState) -> Alert:
    """Read an alert from either table; the history holds no moments but `active_at`."""
    return Alert(
        row["rule_group"],
        row["rule"],
        tuple(sorted(row["labels"].items())),
        tuple(sorted(row["annotations"].items())),
        state,
        float(row["value"]),
        row["active_at"],
        episode=row["episode"],
        fired_at=row.get("fired_at"),
        resolved_at=row.get("resolved_at"),
        keep_firing_since=row.get("keep_firing_since"),
    )


def _event_row(row: RowMapping) -> EventRow:
    state = AlertState.PENDING if row["event"] == DROPPED else AlertState(row["event"])
    return EventRow(row["event"], row["at"], _alert(row, state))
