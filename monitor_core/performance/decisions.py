"""What was decided on an advice: who, when, why, and on which evidence."""

from __future__ import annotations

import json
import secrets
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

from sqlalchemy import insert, select

from monitor_core.errors import InvalidInput, NotFound
from monitor_core.performance.results import Decision
from monitor_core.storage.schema import decision as table
from monitor_core.storage.schema import model_version
from monitor_core.values import ModelRef

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Connection, Engine, RowMapping

    from monitor_core.clock import Clock
    from monitor_core.storage.trail import Trail

__all__ = ["Action", "DecisionStore", "action_of", "evidence_hash"]

Action = Literal["keep", "watch", "retrain", "roll_back", "acknowledge"]
_LONGEST = 2_000


def action_of(given: object) -> Action:
    """Return what somebody wrote as a decision; raises `InvalidInput` when it is none.

    Examples
    --------
    >>> action_of("keep")
    'keep'
    """
    for known in get_args(Action):
        if given == known:
            return cast("Action", known)
    raise InvalidInput(f"{given!r} is not a decision", hint=f"known are {', '.join(get_args(Action))}")


def evidence_hash(evidence: Mapping[str, Any]) -> str:
    """Return the SHA-256 of evidence as canonical JSON: the same for the same values in any order.

    Examples
    --------
    >>> evidence_hash({"a": 1, "b": [2]}) == evidence_hash({"b": [2], "a": 1})
    True
    """
    return sha256(_canonical(evidence).encode()).hexdigest()


def _canonical(evidence: Mapping[str, Any]) -> str:
    return json.dumps(evidence, sort_keys=True, ensure_ascii=True, separators=(",", ":"), allow_nan=False)


class DecisionStore:
    """Decisions are appended, never changed; each is recorded in the operators' trail, too."""

    def __init__(self, engine: Engine, trail: Trail, now: Clock) -> None:
        self._engine = engine
        self._trail = trail
        self._now = now

    def add(
        self, ref: ModelRef, *, action: Action, reason: str, advised: str, evidence: Mapping[str, Any], actor: str
    ) -> Decision:
        """Write a decision down.

        Parameters
        ----------
        reason
            Why, in words.
        advised
            The action that was advised; empty without advice.
        evidence
            JSON values that the advice rested on.

        Raises
        ------
        InvalidInput
            For an unknown action, no reason, or evidence that is not JSON (not-a-number is not).
        NotFound
            There is no such version.
        """
        cleaned = reason.replace("\0", "").strip()
        action_of(action)
        if not cleaned or len(cleaned) > _LONGEST:
            raise InvalidInput(f"a reason of {len(cleaned):,} characters", hint=f"say why in 1 to {_LONGEST:,}")
        try:
            plain = json.loads(_canonical(evidence))
        except (TypeError, ValueError) as error:
            raise InvalidInput(f"the evidence cannot be kept: {error}") from None
        values = {
            "decision_id": secrets.token_hex(8),
            "model_id": ref.model_id,
            "version": ref.version,
            "decided_at": self._now(),
            "decided_by": actor,
            "action": action,
            "reason": cleaned,
            "advised": advised,
            "evidence": plain,
            "evidence_sha256": evidence_hash(plain),
        }
        with self._engine.begin() as connection:
            _check_version(connection, ref)
            connection.execute(insert(table), values)
            detail = {"action": action, "advised": advised, "reason": cleaned, "evidence": values["evidence_sha256"]}
            self._trail.record("decision.add", str(ref), actor=actor, detail=detail, connection=connection)
        return _decision(values)

    def list(self, model_id: str, *, version: str | None = None, limit: int = 50) -> tuple[Decision, ...]:
        """Return the decisions on a model, the latest first."""
        column = table.c
        query = select(table).where(column.model_id == model_id)
        if version is not None:
            query = query.where(column.version == version)
        query = query.order_by(column.decided_at.desc(), column.decision_id).limit(limit)
        with self._engine.connect() as connection:
            return tuple(_decision(row) for row in connection.execute(query).mappings())

    def evidence(self, decision_id: str) -> Mapping[str, Any]:
        """Return what a decision rested on; raises `NotFound`, and `InvalidInput` if it was changed since."""
        with self._engine.connect() as connection:
            row = connection.execute(select(table).where(table.c.decision_id == decision_id)).mappings().first()
        if row is None:
            raise NotFound(f"there is no decision {decision_id!r}")
        kept: Mapping[str, Any] = row["evidence"]
        if evidence_hash(kept) != row["evidence_sha256"]:
            raise InvalidInput(f"the evidence of decision {decision_id!r} is not what was decided on")
        return kept

    def acknowledged_at(self, ref: ModelRef) -> datetime | None:
        """Return when an alarm of this version was last acknowledged."""
        column = table.c
        query = select(column.decided_at).where(
            column.model_id == ref.model_id, column.version == ref.version, column.action == "acknowledge"
        )
        with self._engine.connect() as connection:
            return connection.scalar(query.order_by(column.decided_at.desc()).limit(1))


def _check_version(connection: Connection, ref: ModelRef) -> None:
    column = model_version.c
    known = select(column.version).where(column.model_id == ref.model_id, column.version == ref.version)
    if connection.scalar(known) is None:
        raise NotFound(f"there is no model version {ref}")


def _decision(row: RowMapping | Mapping[str, Any]) -> Decision:
    return Decision(
        decision_id=row["decision_id"],
        ref=ModelRef(row["model_id"], row["version"]),
        decided_at=row["decided_at"],
        decided_by=row["decided_by"],
        action=row["action"],
        reason=row["reason"],
        advised=row["advised"],
        evidence_sha256=row["evidence_sha256"],
    )
