"""How alerts come and go: pending, firing, resolved. Pure, and step for step as Prometheus does it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from monitor_core.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from monitor_core.metrics.rules import Pairs

__all__ = [
    "DROPPED",
    "RESOLVED_KEPT",
    "Alert",
    "AlertEvent",
    "AlertState",
    "Change",
    "Found",
    "advance",
    "fingerprint",
    "resumed",
]

RESOLVED_KEPT = timedelta(minutes=15)
"""For so long a resolved alert stays in sight, as in Prometheus."""

PATIENCE = timedelta(hours=1)
"""After a longer silence of the evaluator, what was pending starts anew (Prometheus' ``for-outage-tolerance``)."""


DROPPED = "dropped"
"""What happened to an alert that was gone before it fired."""


class AlertState(StrEnum):
    """What an alert is now."""

    PENDING = "pending"
    FIRING = "firing"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert of one rule.

    Attributes
    ----------
    rule_group, rule
        Where it comes from.
    labels
        With `alertname`, sorted; they are its identity within the rule.
    annotations
        Words for people, of the latest evaluation that saw it.
    value
        Of the latest evaluation that saw it; may be NaN.
    episode
        The same from its coming to its end, another when it comes again.
    active_at
        When it was first seen; `fired_at` and `resolved_at` likewise, None while it has not come to that.
    keep_firing_since
        Since when a firing alert is only kept (``keep_firing_for``).
    """

    rule_group: str
    rule: str
    labels: Pairs
    annotations: Pairs
    state: AlertState
    value: float
    active_at: datetime
    episode: str = ""
    fired_at: datetime | None = None
    resolved_at: datetime | None = None
    keep_firing_since: datetime | None = None

    @property
    def fingerprint(self) -> str:
        """Identity over all rules, 32 hexadecimal digits."""
        return fingerprint(self.rule_group, self.rule, self.labels)

    @property
    def severity(self) -> str:
        """The label `severity`, empty without one."""
        return dict(self.labels).get("severity", "")


@dataclass(frozen=True, slots=True)
class AlertEvent:
    """An alert reached a state; `was_dropped` when it was pending and its series went before it could fire."""

    alert: Alert
    at: datetime
    was_dropped: bool = False

    @property
    def name(self) -> str:
        """What happened: pending, firing, resolved or dropped."""
        return DROPPED if self.was_dropped else self.alert.state.value


@dataclass(frozen=True, slots=True)
class Found:
    """One series of an answer, its labels and annotations written."""

    labels: Pairs
    annotations: Pairs
    value: float


@dataclass(frozen=True, slots=True)
class Change:
    """What one evaluation made of a rule's alerts."""

    alerts: tuple[Alert, ...]
    """All that are still in sight, the resolved ones too, sorted by labels."""
    events: tuple[AlertEvent, ...]

    @property
    def active(self) -> tuple[Alert, ...]:
        """Those pending or firing."""
        return tuple(alert for alert in self.alerts if alert.state is not AlertState.RESOLVED)


def fingerprint(rule_group: str, rule: str, labels: Pairs) -> str:
    """Return the identity of an alert: the same group, rule and labels give the same."""
    text = json.dumps([rule_group, rule, labels], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def advance(
    alerts: Iterable[Alert],
    found: Sequence[Found],
    now: datetime,
    *,
    rule_group: str,
    rule: str,
    hold: timedelta = timedelta(0),
    keep_firing: timedelta = timedelta(0),
    limit: int = 0,
) -> Change:
    """Bring a rule's alerts to the next moment.

    Parameters
    ----------
    alerts
        As the last evaluation left them.
    found
        The series of this answer.
    now
        The moment of the evaluation; not before the last one.
    hold
        How long a series must be there before its alert fires.
    keep_firing
        How long a firing alert lasts after its series is gone.
    limit
        Most alerts, pending and firing; 0 is no limit.

    Returns
    -------
    Change
        The alerts now, and what happened. A series that came and went between two evaluations leaves no trace.

    Raises
    ------
    InvalidInput
        Two series have the same labels once the rule's are put on, or more alerts than the limit: the alerts stay
        as they are then.

    Examples
    --------
    >>> from datetime import datetime, timezone
    >>> start = datetime(2026, 1, 1, tzinfo=timezone.utc)
    >>> seen = [Found((("alertname", "Down"),), (), 1.0)]
    >>> first = advance((), seen, start, rule_group="g", rule="Down", hold=timedelta(minutes=5))
    >>> first.alerts[0].state.value
    'pending'
    >>> later = start + timedelta(minutes=5)
    >>> then = advance(first.alerts, seen, later, rule_group="g", rule="Down", hold=timedelta(minutes=5))
    >>> then.events[0].alert.state.value
    'firing'
    """
    known = {alert.labels: alert for alert in alerts}
    fresh = {item.labels: item for item in found}
    if len(fresh) != len(found):
        raise InvalidInput("vector contains metrics with the same labelset after applying alert labels")
    kept: list[Alert] = []
    events: list[AlertEvent] = []
    for labels in sorted({*known, *fresh}):
        before, seen = known.get(labels), fresh.get(labels)
        after: Alert | None = None
        if seen is not None:
            after = _ripe(_seen(before, seen, now, rule_group, rule), now, hold)
        elif before is not None:
            after = _unseen(before, now, keep_firing)
        events += _events(before, after, now)
        if after is not None:
            kept.append(after)
    change = Change(tuple(kept), tuple(events))
    if limit and len(change.active) > limit:
        raise InvalidInput(f"exceeded limit of {limit} with {len(change.active)} alerts")
    return change


def _seen(before: Alert | None, seen: Found, now: datetime, rule_group: str, rule: str) -> Alert:
    if before is None or before.state is AlertState.RESOLVED:
        episode = f"{fingerprint(rule_group, rule, seen.labels)}-{now:%Y%m%dT%H%M%S.%f}"
        return Alert(rule_group, rule, seen.labels, seen.annotations, AlertState.PENDING, seen.value, now, episode)
    return replace(before, annotations=seen.annotations, value=seen.value, keep_firing_since=None)


def _ripe(alert: Alert, now: datetime, hold: timedelta) -> Alert:
    if alert.state is AlertState.PENDING and now - alert.active_at >= hold:
        return replace(alert, state=AlertState.FIRING, fired_at=now)
    return alert


def _unseen(alert: Alert, now: datetime, keep_firing: timedelta) -> Alert | None:
    match alert.state:
        case AlertState.PENDING:
            return None
        case AlertState.RESOLVED:
            since = alert.resolved_at or now
            return alert if now - since <= RESOLVED_KEPT else None
        case AlertState.FIRING:
            since = alert.keep_firing_since or now
            if now - since < keep_firing:
                return replace(alert, keep_firing_since=since)
            return replace(alert, state=AlertState.RESOLVED, resolved_at=now)


def _events(before: Alert | None, after: Alert | None, now: datetime) -> list[AlertEvent]:
    if after is None:
        gone = before is not None and before.state is AlertState.PENDING
        return [AlertEvent(before, now, was_dropped=True)] if gone and before is not None else []
    if before is not None and before.state is after.state and before.episode == after.episode:
        return []
    return [AlertEvent(after, now)]


def resumed(alerts: Iterable[Alert], last: datetime, now: datetime) -> tuple[Alert, ...]:
    """Return alerts as they are after a silence of the evaluator: nothing was seen meanwhile.

    A pending alert's time stands still; after more than an hour it starts anew. A firing one fires until it is seen
    to be over.

    Parameters
    ----------
    last
        When the rule was evaluated last.
    """
    silence = max(now - last, timedelta(0))
    kept = (alert for alert in alerts if alert.state is not AlertState.PENDING or silence <= PATIENCE)
    return tuple(
        replace(alert, active_at=alert.active_at + silence) if alert.state is AlertState.PENDING else alert
        for alert in kept
    )
