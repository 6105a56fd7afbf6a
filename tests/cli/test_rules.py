"""`rules` and `dashboards` on the command line."""

import json

import pytest

from monitor_core.cli import main

RULES = "groups: [{name: g, rules: [{alert: Down, expr: up == 0}, {record: a:b, expr: up}]}]"
STORY = """
rule_files: [rules.yml]
tests:
- name: one target down
  interval: 1m
  input_series: [{series: 'up{job="api"}', values: '0'}]
  alert_rule_test: [{eval_time: 0s, alertname: Down, exp_alerts: [{exp_labels: {job: JOB}}]}]
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "rules.yml").write_text(RULES)
    (tmp_path / "good_test.yml").write_text(STORY.replace("JOB", "api"))
    (tmp_path / "bad_test.yml").write_text(STORY.replace("JOB", "other"))
    return tmp_path


def test_check_counts(folder, capsys):
    """What the file holds."""
    assert main(["rules", "check", str(folder / "rules.yml"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"groups": 1, "recording": 1, "alerting": 1}


def test_check_refuses_with_its_place(folder, capsys):
    """Exit 2."""
    (folder / "rules.yml").write_text(RULES.replace("up == 0", "up =="))
    assert main(["rules", "check", str(folder / "rules.yml")]) == 2
    assert "could not parse expression" in capsys.readouterr().err


def test_a_missing_file_is_named(folder, capsys):
    """Exit 2, no traceback."""
    assert main(["rules", "test", str(folder / "none.yml")]) == 2
    assert "none.yml" in capsys.readouterr().err


def test_stories_that_hold(folder, capsys):
    """Exit 0, a line a story."""
    assert main(["rules", "test", str(folder / "good_test.yml")]) == 0
    assert capsys.readouterr().out == "passed  one target down\n"


def test_stories_that_do_not_hold(folder, capsys):
    """Exit 1, expected beside got."""
    assert main(["rules", "test", str(folder / "bad_test.yml")]) == 1
    out = capsys.readouterr().out
    assert out.startswith("failed  one target down\nalertname Down, time 0:00:00: expected")


def test_write_makes_the_files(tmp_path, capsys):
    """With the addresses given."""
    folder = tmp_path / "made"
    arguments = ["--app-url", "https://monitor.example/", "--source-url", "http://prometheus:9090"]
    runbooks = ["--runbooks", "https://wiki.example/runbooks"]
    assert main(["dashboards", "write", "--output", str(folder), *arguments, *runbooks]) == 0
    assert "wrote" in capsys.readouterr().out
    assert '"https://monitor.example"' in (folder / "grafana" / "bellwether-drift.json").read_text()
    sources = folder / "grafana" / "provisioning" / "datasources" / "bellwether.yml"
    assert "url: http://prometheus:9090\n" in sources.read_text()
    assert "https://wiki.example/runbooks/TargetDown.md" in (folder / "prometheus" / "rules.yml").read_text()


def test_an_address_that_is_none_is_refused(tmp_path, capsys):
    """Nothing is written."""
    assert main(["dashboards", "write", "--output", str(tmp_path / "made"), "--app-url", "javascript:alert(1)"]) == 2
    assert not (tmp_path / "made").exists()
