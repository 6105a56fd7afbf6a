"""Rule files: read as Prometheus reads them, written the same each time."""

import shutil
import subprocess
from datetime import timedelta

import pytest

from monitor_core.errors import InvalidInput
from monitor_core.metrics.rules import AlertingRule, RecordingRule, RuleGroup
from monitor_core.metrics.rules_file import read_rules, write_rules

WHOLE = RuleGroup(
    "g",
    (
        RecordingRule("a:b:c", "sum(up)", labels=(("on", "yes"),)),
        AlertingRule(
            "Down",
            "up == 0\nand\nvector(1)",
            hold=timedelta(minutes=5),
            keep_firing=timedelta(minutes=10),
            labels=(("severity", "high"),),
            annotations=(("summary", "{{ $labels.job }}: 'quoted' \"too\""),),
        ),
    ),
    interval=timedelta(seconds=15),
    limit=10,
)


def test_what_was_written_reads_as_itself():
    """Every field."""
    assert read_rules(write_rules([WHOLE])) == (WHOLE,)


def test_the_words_of_yaml_stay_text():
    """`on: yes` is a label, not a truth value; numbers are texts, too."""
    text = "groups: [{name: g, rules: [{alert: A, expr: up, labels: {on: yes, n: 5}}]}]"
    assert read_rules(text)[0].rules[0].labels == (("n", "5"), ("on", "yes"))


def test_an_empty_file_has_no_groups():
    """As in Prometheus."""
    assert read_rules("") == ()
    assert read_rules("groups:\n") == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("groups: 5", "a list is needed"),
        ("[1]", "fields with values"),
        ("rules: []", "field 'rules' is not known"),
        ("groups: [{name: g}, {name: g}]", "repeated in the same file"),
        ("groups: [{name: g, name: h}]", "stands twice"),
        ("groups: [{rules: []}]", "no name"),
        ("groups: [{name: g, colour: red}]", "field 'colour' is not known"),
        ("groups: [{name: g, limit: many}]", "whole number"),
        ("groups: [{name: g, interval: 5 minutes}]", "not a duration"),
        ("groups: [{name: g, rules: [{expr: up}]}]", "either record or alert"),
        ("groups: [{name: g, rules: [{record: a, alert: b, expr: up}]}]", "either record or alert"),
        ("groups: [{name: g, rules: [{record: a, expr: up, for: 5m}]}]", "field 'for' is not known"),
        ("groups: [{name: g, rules: [{record: a, expr: 'up ='}]}]", "group 'g'.*could not parse"),
        ("groups: [{name: g, rules: [{alert: A, expr: up, labels: [a]}]}]", "names with texts"),
        ("groups: [{name: g, rules: [{alert: A, expr: up, labels: {a: [b]}}]}]", "text is needed"),
        ("groups: [\x00]", "not YAML"),
        ("a: &a [*a", "not YAML"),
        ("!!python/object/apply:os.system [true]", "fields with values"),
        ("[" * 5000, "nested too deeply|not YAML"),
        ("#" * 1_000_001, "1,000,000 are allowed"),
    ],
)
def test_what_is_wrong_is_named(text, words):
    """With its place."""
    with pytest.raises(InvalidInput, match=words):
        read_rules(text, name="my.yml")


@pytest.mark.prometheus
def test_promtool_reads_what_we_write(tmp_path):
    """Every field that Prometheus 2.42 knows."""
    path = tmp_path / "rules.yml"
    path.write_text(write_rules([WHOLE], head="a comment\n\nof lines"))
    command = [shutil.which("promtool"), "check", "rules", path]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "2 rules found" in done.stdout
