"""Alerts come and go as Prometheus' do."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor_core.alerts.states import AlertState, Found, advance, resumed
from monitor_core.errors import InvalidInput

START = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ONE = Found((("alertname", "A"), ("job", "api")), (("summary", "one"),), 1.0)
OTHER = Found((("alertname", "A"), ("job", "batch")), (), 2.0)


def play(*moments, hold=5, keep=0):
    """Evaluate once a minute; give the events as (minute, name, job)."""
    alerts, happened = (), []
    for minute, found in enumerate(moments):
        change = advance(
            alerts,
            found,
            START + minute * MINUTE,
            rule_group="g",
            rule="A",
            hold=hold * MINUTE,
            keep_firing=keep * MINUTE,
        )
        alerts = change.alerts
        happened += [(minute, event.name, dict(event.alert.labels)["job"]) for event in change.events]
    return alerts, happened


def test_what_lasts_fires_and_ends():
    """Pending first, firing after `for`, resolved at the first look that does not see it."""
    _, happened = play(*[[ONE]] * 7, [])
    assert happened == [(0, "pending", "api"), (5, "firing", "api"), (7, "resolved", "api")]


def test_a_gap_starts_the_time_anew():
    """What was pending is dropped."""
    _, happened = play(*[[ONE]] * 4, [], *[[ONE]] * 4)
    assert happened == [(0, "pending", "api"), (4, "dropped", "api"), (5, "pending", "api")]


def test_without_a_time_to_hold_it_fires_at_once():
    """No pending in between."""
    assert play([ONE], hold=0)[1] == [(0, "firing", "api")]


def test_a_firing_alert_may_be_kept():
    """A gap shorter than `keep_firing_for` is no end."""
    _, happened = play([ONE], [], [], [ONE], [], [], [], hold=0, keep=3)
    assert happened == [(0, "firing", "api")]
    _, happened = play([ONE], [], [], [], [], hold=0, keep=3)
    assert happened == [(0, "firing", "api"), (4, "resolved", "api")]


def test_each_series_is_an_alert_of_its_own():
    """One ends, the other lasts."""
    alerts, happened = play([ONE, OTHER], [OTHER], hold=0)
    assert happened[-1] == (1, "resolved", "api")
    assert [alert.state.value for alert in alerts] == ["resolved", "firing"]


def test_an_alert_that_comes_again_is_another_episode():
    """Both are told apart in the history."""
    first, _ = play([ONE], hold=0)
    again, happened = play([ONE], [], [ONE], hold=0)
    assert [name for _, name, _ in happened] == ["firing", "resolved", "firing"]
    assert first[0].episode != again[0].episode
    assert first[0].fingerprint == again[0].fingerprint


def test_a_resolved_alert_stays_in_sight_for_a_quarter_of_an_hour():
    """Then it is forgotten."""
    assert play([ONE], *[[]] * 16, hold=0)[0][0].state is AlertState.RESOLVED
    assert play([ONE], *[[]] * 17, hold=0)[0] == ()


def test_words_and_value_follow_the_latest_look():
    """Identity does not."""
    alerts, _ = play([ONE], [Found(ONE.labels, (("summary", "two"),), 7.0)], hold=0)
    assert (alerts[0].value, alerts[0].annotations) == (7.0, (("summary", "two"),))


def test_two_series_with_the_same_labels_are_an_error():
    """As in Prometheus, in its words."""
    with pytest.raises(InvalidInput, match="same labelset"):
        advance((), [ONE, ONE], START, rule_group="g", rule="A")


def test_more_than_the_limit_is_an_error():
    """Alerts in sight but resolved do not count."""
    with pytest.raises(InvalidInput, match="limit of 1 with 2 alerts"):
        advance((), [ONE, OTHER], START, rule_group="g", rule="A", limit=1)


def test_a_silence_does_not_count_as_held():
    """A pending alert's time stands still while nobody looks; a firing one fires."""
    (pending,), _ = play([ONE], [ONE])
    last = START + MINUTE
    (after,) = resumed([pending], last, last + 10 * MINUTE)
    assert after.active_at == START + 10 * MINUTE
    assert after.episode == pending.episode
    (firing,), _ = play([ONE], hold=0)
    assert resumed([firing], START, START + timedelta(days=1)) == (firing,)


def test_after_a_long_silence_pending_starts_anew():
    """More than an hour."""
    (pending,), _ = play([ONE])
    assert resumed([pending], START, START + timedelta(minutes=61)) == ()


SEEN = st.lists(st.lists(st.sampled_from([ONE, OTHER]), unique=True, max_size=2), max_size=40)


@given(SEEN, st.integers(0, 5), st.integers(0, 3))
def test_every_episode_is_told_in_order(moments, hold, keep):
    """Pending, firing, resolved: none is left out but pending where nothing is held, none comes twice."""
    _, happened = play(*moments, hold=hold, keep=keep)
    allowed = {"pending": {"firing", "dropped"}, "firing": {"resolved"}, "resolved": {"pending", "firing"}}
    allowed["dropped"] = {"pending"}
    for job in ("api", "batch"):
        names = [name for _, name, which in happened if which == job]
        assert names[:1] in ([], ["pending" if hold else "firing"])
        assert all(after in allowed[before] for before, after in pairwise(names))


@given(SEEN, st.integers(0, 5))
def test_an_alert_fires_when_it_was_seen_for_so_long(moments, hold):
    """The minute of firing is the first of an unbroken run plus `for`."""
    _, happened = play(*moments, hold=hold)
    for minute, name, job in happened:
        if name == "firing":
            found = ONE if job == "api" else OTHER
            assert all(found in moments[past] for past in range(minute - hold, minute + 1))
