"""`models`."""

import json


def test_the_life_of_a_model(cli):
    """Added, shown, changed, archived, restored, deleted."""
    assert cli("models", "add", "churn", "--title", "Churn", "--granularity", "week").code == 0
    assert cli("models", "update", "churn", "--owner", "ann").code == 0
    shown = cli("models", "show", "churn", as_json=True).out
    assert (shown["title"], shown["owner"], shown["granularity"]) == ("Churn", "ann", "week")
    assert [version["version"] for version in shown["versions"]] == ["1"]
    assert cli("models", "archive", "churn").code == 0
    assert cli("models", "list", as_json=True).out == []
    assert len(cli("models", "list", "--archived", as_json=True).out) == 1
    assert cli("models", "restore", "churn").code == 0
    assert cli("models", "delete", "churn", "--yes").code == 0
    assert "no model yet" in cli("models", "list").out


def test_versions(cli, tmp_path):
    """With training date and importance."""
    (tmp_path / "importance.json").write_text(json.dumps({"age": 0.7}))
    cli("models", "add", "churn")
    words = ("--training-date", "2026-01-31", "--importance", tmp_path / "importance.json")
    assert cli("models", "add-version", "churn:2", *words).code == 0
    versions = cli("models", "show", "churn", as_json=True).out["versions"]
    assert {version["version"]: version["importance"] for version in versions} == {"1": {}, "2": {"age": 0.7}}
    assert cli("models", "add-version", "churn").code == 2


def test_thresholds(cli):
    """Set, shown, cleared; a wrong one is refused with what is allowed."""
    cli("models", "add", "churn")
    assert cli("models", "thresholds", "churn", "psi_high=0.3", "min_rows=100").code == 0
    assert cli("models", "thresholds", "churn", as_json=True).out == {"psi_high": 0.3, "min_rows": 100}
    wrong = cli("models", "thresholds", "churn", "psi_hihg=0.3")
    assert wrong.code == 2
    assert "psi_high" in wrong.err
    assert cli("models", "thresholds", "churn", "nonsense").code == 2
    assert cli("models", "thresholds", "churn", "--clear", as_json=True).out == {}


def test_thresholds_of_one_group(cli):
    """Those of the other stay, whatever is changed or cleared."""
    cli("models", "add", "churn")
    cli("models", "thresholds", "churn", "psi_high=0.3", "f1_drop_minor=0.02")
    changed = cli("models", "thresholds", "churn", "horizon=9", "--clear", "--group", "performance", as_json=True)
    assert changed.out == {"horizon": 9}
    assert cli("models", "thresholds", "churn", as_json=True).out == {"psi_high": 0.3, "horizon": 9}
    assert cli("models", "thresholds", "churn", "min_rows=9", "--group", "performance").code == 2


def test_deleting_needs_an_answer(cli):
    """Without a terminal to ask on, `--yes`."""
    cli("models", "add", "churn")
    refused = cli("models", "delete", "churn")
    assert refused.code == 2
    assert "--yes" in refused.err
    assert len(cli("models", "list", as_json=True).out) == 1


def test_what_is_not_there(cli):
    """Named, with where to look."""
    missing = cli("models", "show", "nope")
    assert missing.code == 2
    assert missing.err.startswith("error: there is no model 'nope'\nhint: ")


def test_deployments(cli):
    """A version goes live, another takes over, a third is a shadow; each is listed with its time."""
    cli("models", "add", "churn")
    cli("models", "add-version", "churn:2")
    assert "models deploy churn:VERSION" in cli("models", "deployments", "churn").out
    assert cli("models", "deploy", "churn:1", "--since", "2026-01-31").code == 0
    assert "churn 2 is a shadow" in cli("models", "deploy", "churn:2", "--shadow").out
    assert "churn 2 is live" in cli("models", "deploy", "churn:2").out
    listed = cli("models", "deployments", "churn", as_json=True).out
    assert [(row["version"], row["stage"], row["ended_at"] is None) for row in listed] == [
        ("2", "live", True),
        ("2", "shadow", False),
        ("1", "live", False),
    ]
    assert listed[-1]["started_at"].startswith("2026-01-31T00:00:00")
    assert cli("models", "withdraw", "churn:2").out.startswith("churn 2 is no longer live")


def test_deployments_that_are_none(cli):
    """A version must be named and known, a moment readable."""
    cli("models", "add", "churn")
    assert cli("models", "deploy", "churn").code == 2
    assert cli("models", "deploy", "churn:7").code == 2
    assert "2026-01-31" in cli("models", "deploy", "churn:1", "--since", "yesterday").err
