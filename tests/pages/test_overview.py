import io
import re

import numpy as np
import pyarrow as pa

from monitor_core.jobs import commands
from monitor_core.snapshots.roles import Role, Roles
from monitor_core.values import ModelRef

PAGE = "pages/overview/overview.py"


def test_an_empty_installation_greets_with_two_ways_to_begin(open_page):
    """And with the lines to paste, which do not show the token."""
    page = open_page()
    assert "Nothing is watched yet" in page.words()
    assert {"Upload a baseline", "Load the example"} <= {button.label for button in page.test.button}
    lines = "\n".join(code.value for code in page.test.code)
    assert "bellwether snapshots upload" in lines
    assert "$(cat " in lines


def test_loading_the_example_is_a_job_whose_progress_is_shown(open_page, installation):
    """Nothing long happens in the page itself."""
    page = open_page().press("Load the example")
    assert [job.kind for job in commands.queue(installation.services).list()] == ["load_example"]
    assert "Loading the example" in page.test.progress[0].text


def test_a_model_without_data_says_what_is_missing(open_page, installation):
    """Not judged is not the same as no drift."""
    installation.model()
    words = open_page().words()
    assert "The shop" in words
    assert "No run yet" in words


def test_what_drifted_is_listed_with_its_evidence(open_page, installation):
    """State, size, significance and since when."""
    installation.judged()
    words = open_page().words()
    assert "1 of 4 drifting" in words
    assert "**amount**" in words
    assert "since 2026-07-12" in words


def test_the_leading_features_come_largest_first(open_page, installation):
    """The table holds PSI, history, state, p and rows."""
    installation.judged()
    table = next(one.proto.body for one in open_page().test.get("html") if "<table" in one.proto.body)
    rows = re.findall(
        r'<th scope="row" title="(\w+)">.*?</b>([\d.]+)</span>.*?<td class="number">([\d,]+)</td><td>2', table
    )
    assert rows[0][0] == "amount"
    psi = [float(one[1]) for one in rows]
    assert psi == sorted(psi, reverse=True)
    assert rows[0][2] == "240"


def predictions(days=40, a_day=60, worse_from=25, seed=1):
    rng = np.random.default_rng(seed)
    day = np.repeat(np.arange(days), a_day)
    came = rng.random(len(day)) < 0.4
    said = np.where(rng.random(len(day)) < np.where(day < worse_from, 0.88, 0.5), came, ~came)
    dates = [str(one) for one in np.datetime64("2026-06-01") + day]
    return pa.table({"id": [f"c{i}" for i in range(len(day))], "date": dates, "prediction": said, "label": came})


def deliver(installation, ref, table):
    known = {"id": Role.ENTITY_ID, "date": Role.TIMESTAMP, "prediction": Role.PREDICTION, "label": Role.LABEL}
    content = io.BytesIO(installation.parquet(table))
    staged = installation.services.snapshots.stage(
        content, filename="p.parquet", ref=ref, purpose="predictions", actor="test"
    )
    roles = Roles(tuple((name, known[name]) for name in table.column_names))
    commands.accept_snapshot(installation.services, staged.snapshot_id, roles, actor="test")
    (job,) = installation.work()
    assert job.error is None, job.error


def test_a_fall_of_f1_needs_attention(open_page, installation):
    """Advice, F1 with its interval and what it is held against, and the way there."""
    ref = installation.model()
    deliver(installation, ref, predictions(days=70, worse_from=40))
    installation.services.performance.baseline_from_span(ref, "2026-06-01", "2026-06-20", actor="test")
    _, advice = installation.services.advice.advice(ref)
    assert advice.action == "retrain"
    page = open_page()
    words = page.words()
    assert ":red-badge[Retrain] **F1**" in words
    assert "alarm since 2026-07" in words
    assert [link.label for link in page.test.page_link].count("Performance") == 1
    figures = "".join(one.proto.body for one in page.test.get("html"))
    assert "F1, 30 days" in figures


def test_without_labels_nothing_is_urgent(open_page, installation):
    """Not enough evidence is a state, not an alarm."""
    ref = installation.model()
    deliver(installation, ref, predictions().drop_columns(["label"]))
    words = open_page().words()
    assert "0 open" in words
    assert "no relevant case" in words


def test_a_version_that_was_replaced_is_not_advised_on(open_page, installation):
    """It is said that another one serves."""
    ref = installation.model()
    services = installation.services
    newer = ModelRef(ref.model_id, "2.0")
    services.models.add_version(newer, actor="test")
    deliver(installation, ref, predictions())
    services.performance.baseline_from_span(ref, "2026-06-01", "2026-06-20", actor="test")
    services.deployments.start(newer, actor="test")
    words = open_page().words()
    assert "Not live" in words
    assert "0 open" in words
