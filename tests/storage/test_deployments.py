"""Which version serves, on both databases."""

from datetime import datetime, timedelta

import pytest

from monitor_core.errors import Conflict, InvalidInput, NotFound
from monitor_core.storage.deployments import DeploymentStore
from monitor_core.storage.models import ModelStore
from monitor_core.storage.trail import Trail
from monitor_core.values import ModelRef

ONE, TWO, THREE = (ModelRef("churn", version) for version in "123")


@pytest.fixture
def trail(engine, clock):
    return Trail(engine, clock)


@pytest.fixture
def deployments(engine, clock, trail):
    models = ModelStore(engine, trail, clock)
    models.add("churn", version="1", actor="ann")
    models.add_version(TWO, actor="ann")
    models.add_version(THREE, actor="ann")
    return DeploymentStore(engine, trail, clock)


def test_nothing_serves_at_first(deployments):
    """No live version, none before, no shadows."""
    assert (deployments.live("churn"), deployments.previous("churn"), deployments.shadows("churn")) == (None, None, ())


def test_going_live_ends_the_version_before(deployments, clock, trail):
    """Which is the previous one then."""
    deployments.start(ONE, actor="ann")
    clock.advance(days=3)
    made = deployments.start(TWO, actor="bob")
    assert (deployments.live("churn"), made.ref, made.started_at) == (made, TWO, clock())
    previous = deployments.previous("churn")
    assert (previous.ref, previous.ended_at) == (ONE, clock())
    assert trail.list(action="version.deploy")[0].detail["replaces"] == "1"


def test_rolling_back_makes_the_newer_one_previous(deployments, clock):
    """The history is kept."""
    for ref in (ONE, TWO, ONE):
        deployments.start(ref, actor="ann")
        clock.advance(days=1)
    assert deployments.previous("churn").ref == TWO
    assert [item.ref.version for item in deployments.list("churn")] == ["1", "2", "1"]


def test_shadows_stand_beside_the_live_version(deployments, clock):
    """Any number; one that goes live is no shadow any more."""
    deployments.start(ONE, actor="ann")
    deployments.start(TWO, stage="shadow", actor="ann")
    deployments.start(THREE, stage="shadow", actor="ann")
    assert {item.ref for item in deployments.shadows("churn")} == {TWO, THREE}
    clock.advance(days=1)
    deployments.start(TWO, actor="ann")
    assert [item.ref for item in deployments.shadows("churn")] == [THREE]


def test_what_is_so_already_stays(deployments, clock, trail):
    """Pressing the button twice changes nothing."""
    first = deployments.start(ONE, actor="ann")
    clock.advance(days=1)
    assert deployments.start(ONE, actor="bob") == first
    assert len(trail.list(action="version.deploy")) == 1


def test_the_live_version_is_no_shadow(deployments):
    """It must be replaced first."""
    deployments.start(ONE, actor="ann")
    with pytest.raises(Conflict, match="is live"):
        deployments.start(ONE, stage="shadow", actor="ann")


def test_a_version_is_taken_out_of_service(deployments, clock):
    """Nothing is live then, and it is the previous one."""
    deployments.start(ONE, actor="ann")
    clock.advance(days=1)
    assert deployments.end(ONE, actor="ann").ended_at == clock()
    assert deployments.live("churn") is None
    assert deployments.previous("churn").ref == ONE
    with pytest.raises(NotFound, match="neither live nor a shadow"):
        deployments.end(ONE, actor="ann")


def test_moments_are_checked(deployments, clock):
    """In the past, with a time zone, and in order."""
    deployments.start(ONE, started_at=clock() - timedelta(days=10), actor="ann")
    with pytest.raises(Conflict, match="since"):
        deployments.start(TWO, started_at=clock() - timedelta(days=11), actor="ann")
    with pytest.raises(InvalidInput, match="future"):
        deployments.start(TWO, started_at=clock() + timedelta(days=1), actor="ann")
    with pytest.raises(InvalidInput, match="no time zone"):
        deployments.start(TWO, started_at=datetime(2026, 1, 1), actor="ann")  # noqa: DTZ001 - that is the point
    assert deployments.live("churn").ref == ONE


def test_an_unknown_version_is_refused(deployments):
    """By name."""
    with pytest.raises(NotFound, match="churn 9"):
        deployments.start(ModelRef("churn", "9"), actor="ann")


def test_what_was_told_later_was_not_known_before(deployments, clock):
    """A start or an end with a moment in the past changes no earlier answer."""
    deployments.start(ONE, actor="ann")
    clock.advance(days=10)
    before = clock()
    assert deployments.list("churn", as_of=before) == deployments.list("churn")
    clock.advance(days=1)
    deployments.start(TWO, started_at=before - timedelta(days=5), actor="ann")
    assert [(item.ref, item.ended_at) for item in deployments.list("churn", as_of=before)] == [(ONE, None)]
    assert [item.ref for item in deployments.list("churn", as_of=clock())] == [TWO, ONE]
    assert deployments.list("churn")[1].ended_at == before - timedelta(days=5)
