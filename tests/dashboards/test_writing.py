"""The committed files are the generated ones, and what reads them can read them."""

import hashlib
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

import monitor_core
from monitor_core.dashboards import create_dashboard_files, dashboard_files
from monitor_core.errors import InvalidInput
from monitor_core.metrics.rules import AlertingRule, duration_of
from monitor_core.metrics.rules_default import default_rules

FOLDER = Path(__file__).resolve().parents[2] / "dashboards"
FILES = dashboard_files()


@pytest.mark.parametrize("name", FILES)
def test_committed_files_are_generated_ones(name):
    """Byte for byte: `bellwether dashboards write` brings them up to date."""
    assert (FOLDER / name).read_text(encoding="utf-8") == FILES[name]


def test_nothing_else_is_committed():
    """A file that no longer is generated must go; stories of rules are written by hand."""
    found = {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*") if path.is_file()}
    assert {name for name in found if not name.endswith("_test.yml")} == set(FILES)


def test_front_doors(tmp_path):
    """The three names of the original, from the package."""
    monitor_core.create_dashboard_files(output_dir=tmp_path)
    assert list(tmp_path.glob("grafana/*.json"))
    assert list(tmp_path.glob("custom/*.html"))
    assert monitor_core.generate_grafana_dashboard()["overwrite"] is True
    assert "1.0.0" in monitor_core.generate_html_dashboard(
        model_version="1.0.0", model_type="XGBoost", training_date=""
    )


def test_other_files_of_the_folder_are_left_alone(tmp_path):
    """Only what is generated is replaced."""
    (tmp_path / "grafana").mkdir()
    (tmp_path / "grafana" / "mine.json").write_text("{}")
    create_dashboard_files(tmp_path)
    assert (tmp_path / "grafana" / "mine.json").read_text() == "{}"


@pytest.mark.parametrize("name", ["app_url", "source_url", "runbooks"])
def test_addresses_are_checked(name):
    """They end up in links."""
    with pytest.raises(InvalidInput, match="address of the"):
        dashboard_files(**{name: "javascript:alert(1)"})


class TestAlertRules:
    """Grafana's own alert rules."""

    @pytest.fixture
    def rules(self):
        document = yaml.safe_load(FILES["grafana/provisioning/alerting/bellwether.yml"])
        return [(group, rule) for group in document["groups"] for rule in group["rules"]]

    def test_every_alerting_rule_is_there(self, rules):
        """With the same question, time and labels."""
        ours = {rule.alert: rule for group in default_rules() for rule in group.rules if isinstance(rule, AlertingRule)}
        assert {rule["title"] for _, rule in rules} == set(ours)
        for _, rule in rules:
            mine = ours[rule["title"]]
            assert rule["data"][0]["model"]["expr"] == mine.expr
            assert duration_of(rule["for"]) == mine.hold
            assert rule["labels"]["severity"] == mine.severity

    def test_fits_the_schema(self, rules, shared_schema):
        """In the form of the HTTP API, which the file's form maps to field by field."""
        from jsonschema import Draft7Validator

        schema = shared_schema("alerting")
        validator = Draft7Validator({"$ref": "#/definitions/Rule", "definitions": schema["definitions"]})
        for group, rule in rules:
            sent = {**rule, "orgID": 1, "ruleGroup": group["name"], "folderUID": "bellwether"}
            sent.pop("keepFiringFor", None)  # a number of nanoseconds there, a text in the file
            assert [error.message for error in validator.iter_errors(sent)] == [], rule["title"]

    def test_the_value_is_grafanas(self, rules):
        """Its own `$value` is a text about all queries."""
        words = [text for _, rule in rules for text in rule["annotations"].values()]
        assert any("$values.query.Value" in text for text in words)
        assert not any(re.search(r"\$value\b", text) for text in words)

    def test_identities_are_short_and_unique(self, rules):
        """At most 40 characters, as Grafana has it."""
        found = [rule["uid"] for _, rule in rules]
        assert len(set(found)) == len(found)
        assert max(map(len, found)) <= 40

    def test_intervals_are_multiples_of_ten_seconds(self, rules):
        """Grafana refuses others."""
        assert all(duration_of(group["interval"]).total_seconds() % 10 == 0 for group, _ in rules)


def test_alertmanager_names_receivers_and_alerts_that_exist():
    """A slip would send alerts nowhere."""
    made = yaml.safe_load(FILES["prometheus/alertmanager.yml"])
    receivers = {one["name"] for one in made["receivers"]}
    assert {made["route"]["receiver"], *(one["receiver"] for one in made["route"]["routes"])} == receivers
    alerts = {rule.alert for group in default_rules() for rule in group.rules if isinstance(rule, AlertingRule)}
    named = re.findall(r'alertname =~? "?([\w|]+)"?', FILES["prometheus/alertmanager.yml"])
    assert {name for text in named for name in text.split("|")} <= alerts


@pytest.mark.prometheus
def test_prometheus_takes_the_rules():
    """As they are committed."""
    command = [shutil.which("promtool"), "check", "rules", FOLDER / "prometheus" / "rules.yml"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "29 rules found" in done.stdout


class TestHtml:
    """The document itself; what it does stands in `test_html.py`."""

    def text(self, *given):
        return monitor_core.generate_html_dashboard(*given)

    def test_is_small_and_whole(self):
        """Well below 300 KB."""
        text = self.text()
        assert len(text.encode()) < 100_000
        assert text.startswith("<!DOCTYPE html>\n<html>")
        assert "<title>" in text

    def test_names_no_other_address(self):
        """Not even in a comment."""
        assert re.findall(r"https?:|//[a-z]+\.", self.text()) == []

    def test_its_policy_names_its_own_code(self):
        """And nothing else may run."""
        text = self.text()
        script = re.search(r"<script>(.*?)</script>", text, re.DOTALL)[1]
        import base64

        assert base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() in text
        assert "unsafe" not in re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1]

    def test_words_of_others_cannot_end_the_element(self):
        """A version is data."""
        text = self.text("</script><script>alert(1)</script>")
        assert text.count("</script>") == 2
        assert "alert(1)" in text
