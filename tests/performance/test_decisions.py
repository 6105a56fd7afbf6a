"""What was decided, on both databases."""

import pytest
from sqlalchemy import update

from monitor_core.errors import InvalidInput, NotFound
from monitor_core.performance.decisions import DecisionStore
from monitor_core.storage.schema import decision
from monitor_core.values import ModelRef

REF = ModelRef("churn", "1")
EVIDENCE = {"current": [84, 83], "text": "Δ", "share": 0.25, "none": None}


@pytest.fixture
def decisions(desk):
    return DecisionStore(desk.engine, desk.trail, desk.clock)


def decide(decisions, action="roll_back", ref=REF, **more):
    values = {"reason": "F1 fell", "advised": "roll_back", "evidence": EVIDENCE, "actor": "ann", **more}
    return decisions.add(ref, action=action, **values)


def test_a_decision_is_kept_with_its_evidence(decisions, desk, clock):
    """And recorded in the trail in the same transaction."""
    made = decide(decisions, reason="  F1 fell  ")
    assert decisions.list("churn") == (made,)
    assert (made.decided_at, made.decided_by, made.reason, made.advised) == (clock(), "ann", "F1 fell", "roll_back")
    assert decisions.evidence(made.decision_id) == EVIDENCE
    record = desk.trail.list(action="decision.add")[0]
    assert record.detail["evidence"] == made.evidence_sha256
    assert desk.trail.verify() is None


def test_the_latest_come_first(decisions, clock):
    """Of one version or of all."""
    decide(decisions, "keep")
    clock.advance(days=1)
    decide(decisions, "watch", ModelRef("churn", "2"))
    assert [item.action for item in decisions.list("churn")] == ["watch", "keep"]
    assert [item.action for item in decisions.list("churn", version="1")] == ["keep"]
    assert len(decisions.list("churn", limit=1)) == 1


def test_an_alarm_is_acknowledged_by_a_decision(decisions, clock):
    """The latest counts."""
    assert decisions.acknowledged_at(REF) is None
    decide(decisions, "acknowledge")
    later = clock.advance(days=1)
    decide(decisions, "acknowledge")
    decide(decisions, "keep")
    assert decisions.acknowledged_at(REF) == later
    assert decisions.acknowledged_at(ModelRef("churn", "2")) is None


def test_changed_evidence_is_noticed(decisions, desk):
    """Its hash was kept."""
    made = decide(decisions)
    with desk.engine.begin() as connection:
        connection.execute(update(decision).values(evidence={"current": [90, 10]}))
    with pytest.raises(InvalidInput, match="not what was decided on"):
        decisions.evidence(made.decision_id)


@pytest.mark.parametrize(
    "bad", [{"action": "panic"}, {"reason": " "}, {"reason": "x" * 2_001}, {"evidence": {"x": float("nan")}}]
)
def test_half_a_decision_is_refused(decisions, bad):
    """Nothing is kept."""
    with pytest.raises(InvalidInput):
        decide(decisions, **bad)
    assert decisions.list("churn") == ()


def test_unknown_ones_are_named(decisions):
    """Versions and decisions."""
    with pytest.raises(NotFound, match="churn 9"):
        decide(decisions, ref=ModelRef("churn", "9"))
    with pytest.raises(NotFound, match="'nope'"):
        decisions.evidence("nope")
