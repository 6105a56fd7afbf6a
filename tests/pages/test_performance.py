import io

import numpy as np
import pyarrow as pa
import pytest

from monitor_core.jobs import commands
from monitor_core.snapshots.roles import Role, Roles

PAGE = "pages/model/performance.py"
ROLES = Roles(
    (
        ("id", Role.ENTITY_ID),
        ("date", Role.TIMESTAMP),
        ("score", Role.SCORE),
        ("said", Role.PREDICTION),
        ("came", Role.LABEL),
    )
)


def rows(days=40, *, first="2026-06-01", a_day=60, good=0.85, worse_from=None, version=1):
    """Predictions and what came true; from `worse_from` on they have little to do with each other."""
    rng = np.random.default_rng(version)
    day = np.repeat(np.arange(days), a_day)
    came = rng.random(len(day)) < 0.4
    agrees = rng.random(len(day)) < np.where(day >= (days if worse_from is None else worse_from), 0.55, good)
    said = np.where(agrees, came, ~came)
    score = np.where(said, rng.uniform(0.5, 1.0, len(day)), rng.uniform(0.0, 0.5, len(day)))
    moments = [str(one) for one in np.datetime64(first) + day]
    return pa.table(
        {"id": [f"c{i}" for i in range(len(day))], "date": moments, "score": score, "said": said, "came": came}
    )


class Delivered:
    """What a test delivers to an installation."""

    def __init__(self, installation):
        self.installation = installation
        self.services = installation.services

    def send(self, ref, table, purpose="predictions", *, leave_out=(), name="data.parquet"):
        """Upload a table without some of its columns, and have it taken in."""
        table = table.drop_columns(list(leave_out))
        roles = Roles(tuple(pair for pair in ROLES.columns if pair[0] in table.column_names))
        content = io.BytesIO(self.installation.parquet(table))
        staged = self.services.snapshots.stage(content, filename=name, ref=ref, purpose=purpose, actor="test")
        commands.accept_snapshot(self.services, staged.snapshot_id, roles, actor="test")
        (job,) = self.installation.work()
        assert job.error is None, job.error
        return job

    def model(self, **options):
        """A version with a baseline of past days and labelled predictions, of which the last days are worse."""
        ref = self.installation.model()
        self.send(ref, rows(worse_from=25, **options))
        self.services.performance.baseline_from_span(ref, "2026-06-01", "2026-06-20", actor="test")
        return ref


@pytest.fixture
def delivered(installation):
    return Delivered(installation)


def test_without_a_model_it_leads_to_the_upload(open_page):
    """No dead end."""
    assert "There is no model yet" in open_page(PAGE).words()


def test_without_predictions_it_says_what_it_takes(open_page, installation):
    """Both halves are named, and the commands."""
    installation.model()
    page = open_page(PAGE)
    assert "No predictions yet" in page.words()
    assert "labels upload shop:1.0" in page.test.code[0].value


def test_predictions_without_labels_are_no_verdict(open_page, installation, delivered):
    """What is missing is said; nothing is guessed."""
    ref = installation.model()
    delivered.send(ref, rows(), leave_out=["came"])
    words = open_page(PAGE).words()
    assert "Not enough evidence" in words
    assert "No verdict yet" in words


def test_a_fall_is_shown_with_its_interval_and_advice(open_page, delivered):
    """Badge, reasons and probabilities come from one object."""
    delivered.model()
    page = open_page(PAGE, window="7")
    words = page.words()
    assert "F1, rolling 7 days" in words
    assert "Retrain" in words
    assert "baseline 1: " in words
    assert len(page.test.get("echarts_chart")) == 2


def test_few_labels_are_said_to_be_few(open_page, installation, delivered):
    """Forty rows carry nothing."""
    ref = installation.model()
    delivered.send(ref, rows(days=2, a_day=20))
    assert "Not enough evidence" in open_page(PAGE).words()


def test_partial_labels_give_bounds(open_page, installation, delivered):
    """Seven in ten labels: partial, with the best and the worst case."""
    ref = installation.model()
    everything = rows()
    delivered.send(ref, everything, leave_out=["came"])
    known = everything.filter(pa.array(np.random.default_rng(5).random(len(everything)) < 0.7))
    delivered.send(ref, known, "labels", leave_out=["score", "said"], name="labels.parquet")
    words = open_page(PAGE).words()
    assert "Partial: 70%" in words
    assert "Whatever the others say, F1 lies between" in words


@pytest.mark.parametrize(
    ("look", "words"),
    [
        ("Evidence", "Evidence of a fall"),
        ("Without labels", "estimated, if the concept is unchanged"),
        ("Where", "Worst slices"),
        ("Cut-off", "What another cut-off would have given"),
        ("Calibration", "Do the scores mean what they say?"),
        ("Labels", "How late labels come"),
        ("Decisions", "Nothing was decided yet"),
    ],
)
def test_each_closer_look_is_in_the_address(open_page, delivered, look, words):
    """A link to it opens it."""
    delivered.model()
    page = open_page(PAGE, look=look)
    assert words in page.words()
    assert not page.test.exception


def test_the_address_keeps_window_and_metric(open_page, delivered):
    """Seven days of precision."""
    delivered.model()
    assert "Precision, rolling 7 days" in open_page(PAGE, window="7", metric="Precision").words()


def test_an_address_that_fits_nothing_shows_the_default(open_page, delivered):
    """Old links do not break the page."""
    delivered.model()
    assert "F1, rolling 30 days" in open_page(PAGE, window="x", metric="y", other="z", look="w").words()


def test_yearly_models_have_windows_of_years(open_page, installation, delivered):
    """Days are not available at this granularity, and it is said."""
    ref = installation.model(granularity="year")
    delivered.send(ref, rows())
    page = open_page(PAGE)
    assert "rolling 1 year" in page.words()


def test_a_decision_is_recorded_with_its_evidence(open_page, delivered):
    """Who, what and why; it is shown in the history."""
    ref = delivered.model()
    services = delivered.services
    _, advice = services.advice.advice(ref)
    services.advice.decide(ref, action="retrain", reason="The concept has changed.", actor="ann")
    words = open_page(PAGE, look="Decisions").words()
    assert "Decisions" in words
    (kept,) = services.performance.decisions(ref.model_id)
    assert (kept.action, kept.advised, kept.decided_by) == ("retrain", advice.action, "ann")


def test_another_version_stands_beside_it(open_page, delivered):
    """On the same rows the comparison is paired."""
    ref = delivered.model()
    delivered.services.models.add_version(type(ref)(ref.model_id, "0.9"), actor="test")
    delivered.send(
        type(ref)(ref.model_id, "0.9"), rows(worse_from=25, version=1), leave_out=["came"], name="old.parquet"
    )
    words = open_page(PAGE, model="shop 1.0", other="0.9").words()
    assert "Version 1\\.0 and version 0\\.9" in words
    assert "the comparison is paired" in words


def test_without_a_baseline_it_offers_to_make_one(open_page, installation, delivered):
    """The period so far, in two presses; afterwards there is a verdict."""
    ref = installation.model()
    delivered.send(ref, rows())
    page = open_page(PAGE)
    assert "Nothing to hold it against yet" in page.words()
    page.press("Make it the baseline")
    (made,) = delivered.services.performance.baselines(ref)
    assert (made.origin["first"], made.created_by) == ("2026-06-01", "page")
    assert "Nothing to hold it against yet" not in page.words()
    assert "baseline 1: " in page.words()


def test_bare_values_are_taken_and_said_to_be_bare(open_page, installation, delivered):
    """Nobody knows how sure they are."""
    ref = installation.model()
    delivered.send(ref, rows())
    page = open_page(PAGE)
    next(one for one in page.test.number_input if one.key == "given-f1").set_value(0.8)
    page.press("Use these values")
    (made,) = delivered.services.performance.baselines(ref)
    assert made.given == {"f1": 0.8}
    assert "bare values, uncertainty unknown" in page.words()


def test_bare_values_need_a_value(open_page, installation, delivered):
    """An empty form is refused in words."""
    ref = installation.model()
    delivered.send(ref, rows())
    page = open_page(PAGE).press("Use these values")
    assert "at least one value" in page.test.error[0].value
    assert delivered.services.performance.baselines(ref) == ()


def test_another_baseline_can_be_activated(open_page, delivered):
    """Earlier ones stay in the menu."""
    ref = delivered.model()
    delivered.services.performance.baseline_from_values(ref, {"f1": 0.9}, actor="test")
    page = open_page(PAGE)
    page.test.session_state["performance-baseline"] = True
    page.test.run()
    page.press("Activate 1")
    assert delivered.services.performance.baseline(ref).number == 1


def test_an_alarm_can_be_acknowledged(open_page, delivered):
    """The evidence is gathered anew, and the history says who took note."""
    ref = delivered.model()
    services = delivered.services
    assert services.performance.sequential(ref).alarm is not None
    page = open_page(PAGE, look="Evidence")
    assert "Alarm since" in page.words()
    next(one for one in page.test.text_input if one.label == "Why").input("A new campaign; retraining on Monday.")
    page.press("Acknowledge the alarm")
    (kept,) = services.performance.decisions(ref.model_id)
    assert (kept.action, kept.decided_by) == ("acknowledge", "page")
    assert "No alarm" in page.words()
    assert "An alarm was acknowledged on" in page.words()


def test_another_cut_off_stands_beside_what_was_predicted(open_page, delivered):
    """With the difference that it would have made."""
    delivered.model()
    page = open_page(PAGE, look="Cut-off", cut="0.9")
    html = "".join(one.proto.body for one in page.test.get("html"))
    assert "As predicted" in html
    assert "From 0.90 on" in html
    assert not page.test.exception
