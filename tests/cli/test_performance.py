"""`performance`, `performance baseline` and `decisions`."""

import csv
import io
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from monitor_core.cli import main


def labelled(path, *, days, first="2026-01-01", rows=60, right=0.9, seed=1, version=None):
    """Write predictions with their labels; `right` of the answers are."""
    rng = np.random.default_rng(seed)
    n = days * rows
    label = rng.random(n) < 0.5
    predicted = np.where(rng.random(n) < right, label, ~label)
    columns = {
        "entity_id": [f"{first}-{i}" for i in range(n)],
        "timestamp": pa.array(np.datetime64(first, "s") + np.repeat(np.arange(days), rows).astype("timedelta64[D]")),
        "score": np.clip(np.where(predicted, 0.7, 0.3) + rng.normal(0, 0.1, n), 0.01, 0.99),
        "prediction": predicted.astype(int),
        "label": label.astype(int),
    }
    columns["plan"] = rng.choice(["basic", "pro"], n).tolist()
    pq.write_table(pa.table(columns), path)
    return path


@pytest.fixture(scope="module")
def fallen(tmp_path_factory):
    """Give a data folder with a version that got worse, its baseline, and the version before it."""
    folder = tmp_path_factory.mktemp("fallen")
    test_set = labelled(folder / "test.parquet", days=20)
    for words in (
        ["models", "add", "churn", "--title", "Churn"],
        ["models", "add-version", "churn:2"],
        ["models", "deploy", "churn:2", "--since", "2026-01-01"],
        ["models", "deploy", "churn:1", "--since", "2026-01-20"],
        ["performance", "baseline", "set", "churn:1", "--from-file", test_set],
        ["predictions", "upload", "churn:1", labelled(folder / "now.parquet", days=40, first="2026-02-01", right=0.6)],
        [
            *("predictions", "upload", "churn:2"),
            labelled(folder / "old.parquet", days=40, first="2026-02-01", seed=1, right=0.9),
        ],
    ):
        assert main(["--data-dir", str(folder / "data"), *map(str, words)]) == 0
    return folder / "data"


@pytest.fixture
def ask(cli, fallen):
    """Run a command on that installation."""

    def call(*words, **options):
        return cli(*words, data_dir=fallen, **options)

    return call


class TestShow:
    """`performance show`."""

    def test_every_metric_with_interval_and_cases(self, ask):
        """Of the live version, though another one is newer."""
        done = ask("performance", "show", "churn")
        assert (done.code, done.err) == (0, "")
        assert "churn 1" in done.out
        for name in ("f1", "precision", "recall", "roc_auc", "brier", "95 % interval", "P(F1 fell by more than 5 %)"):
            assert name in done.out

    def test_as_json(self, ask):
        """The same figures, whole."""
        found = ask("performance", "show", "churn", "--window", "7", as_json=True).out
        f1 = next(metric for metric in found["metrics"] if metric["name"] == "f1")
        assert found["span"]["granules"] == 7
        assert f1["low"] < f1["estimate"] < f1["high"]
        assert set(found["probabilities"]) == {"0", "0.03", "0.05", "0.1"}

    def test_before_anything_was_known(self, ask):
        """Nothing has matured, and it says so."""
        done = ask("performance", "show", "churn", "--as-of", "2026-01-15")
        assert (done.code, "no prediction has matured" in done.out) == (0, True)

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (["churn", "--as-of", "2999-01-01"], "in the future"),
            (["churn", "--as-of", "lately"], "no moment"),
            (["churn:9"], "9"),
            (["nothing"], "nothing"),
        ],
    )
    def test_what_cannot_be_shown(self, ask, words, said):
        """Exit code 2, and why."""
        done = ask("performance", "show", *words)
        assert (done.code, said in done.err) == (2, True)


class TestReport:
    """`performance report`."""

    def test_text_on_stdout(self, ask):
        """The known form."""
        done = ask("performance", "report", "churn")
        assert done.code == 0
        assert "MODEL PERFORMANCE REPORT" in done.out
        assert "STATUS: SEVERE DEGRADATION" in done.out

    def test_into_a_file(self, ask, tmp_path):
        """Nothing on stdout."""
        done = ask("performance", "report", "churn", "--format", "html", "--output", tmp_path / "r.html")
        assert (done.code, done.out) == (0, "")
        assert (tmp_path / "r.html").read_text(encoding="utf-8").startswith("<!doctype html>")

    def test_the_same_moment_gives_the_same_bytes(self, ask):
        """Whenever it is asked for."""
        moment = json.loads(ask("performance", "report", "churn", "--format", "json").out)["as_of"]
        first, second = (ask("performance", "report", "churn", "--as-of", moment).out for _ in range(2))
        assert first == second
        assert ask("performance", "report", "churn:1", "--as-of", moment).out == first

    def test_table_for_machines(self, ask):
        """One line a figure."""
        rows = list(csv.DictReader(io.StringIO(ask("performance", "report", "churn", "--format", "csv").out)))
        assert {"window", "rolling", "baseline", "evidence"} <= {row["section"] for row in rows}

    def test_unknown_format_and_unwritable_file(self, ask, tmp_path):
        """Exit code 2."""
        assert ask("performance", "report", "churn", "--format", "pdf").code == 2
        assert ask("performance", "report", "churn", "--output", tmp_path / "no" / "such.txt").code == 2


class TestAdvise:
    """`performance advise`."""

    def test_says_what_to_do_and_why(self, ask):
        """With the command for a person to run."""
        done = ask("performance", "advise", "churn")
        assert (done.code, done.out.splitlines()[0]) == (0, "ROLL BACK")
        assert "models deploy churn:2" in done.out

    @pytest.mark.parametrize(("model", "code"), [("churn:1", 1), ("churn:2", 0)])
    def test_fail_on(self, ask, model, code):
        """1 when so much is advised or more; a version without a baseline gets no advice to act."""
        assert ask("performance", "advise", model, "--fail-on", "retrain").code == code

    def test_as_json(self, ask):
        """With the evidence and its hash."""
        found = ask("performance", "advise", "churn", as_json=True).out
        assert (found["action"], len(found["evidence_sha256"])) == ("roll_back", 64)
        assert found["evidence"]["previous_version"] == "2"


class TestCompare:
    """`performance compare`."""

    def test_two_versions(self, ask):
        """On the rows that both predicted."""
        found = ask("performance", "compare", "churn", "2", as_json=True).out
        assert (found["method"], found["probabilities"]["0.05"]) == ("paired", pytest.approx(1.0))
        assert "paired" in ask("performance", "compare", "churn", "2").out

    def test_with_a_version_that_is_not_there(self, ask):
        """Exit code 2."""
        assert ask("performance", "compare", "churn", "7").code == 2


class TestBaseline:
    """`performance baseline`."""

    def test_values_as_given(self, cli):
        """Marked as uncertain."""
        cli("models", "add", "churn")
        done = cli("performance", "baseline", "set", "churn", "f1=0.72", "precision=0.68")
        assert (done.code, "f1 0.720" in done.out) == (0, True)
        (listed,) = cli("performance", "baseline", "list", "churn", as_json=True).out
        assert listed["given"] == {"f1": 0.72, "precision": 0.68}

    def test_a_past_period(self, ask):
        """From one granule to another; the one before can be taken again."""
        before = ask("performance", "baseline", "list", "churn:2", as_json=True).out
        made = ask(
            *("performance", "baseline", "set", "churn:2", "--first", "2026-02-01", "--last", "2026-02-10"),
            as_json=True,
        ).out
        assert (before, made["origin"]) == ([], {"first": "2026-02-01", "last": "2026-02-10"})
        again = ask("performance", "baseline", "activate", made["baseline_id"], as_json=True).out
        assert again["is_active"] is True

    @pytest.mark.parametrize(
        "words",
        [
            [],
            ["f1=much"],
            ["f1"],
            ["f1=0.7", "--first", "2026-02-01", "--last", "2026-02-02"],
            ["--first", "2026-02-01"],
        ],
    )
    def test_one_place_only(self, ask, words):
        """Exit code 2 for none, several or half of one."""
        assert ask("performance", "baseline", "set", "churn:2", *words).code == 2


class TestDecisions:
    """`decisions`."""

    def test_recorded_with_who_why_and_evidence(self, ask):
        """And listed, and in the report."""
        digest = ask("performance", "advise", "churn", as_json=True).out["evidence_sha256"]
        made = ask(
            *("decisions", "record", "churn", "retrain", "--reason", "new data is there", "--seen", digest),
            as_json=True,
        ).out
        assert (made["action"], made["advised"], made["evidence_sha256"]) == ("retrain", "roll_back", digest)
        assert made["decided_by"]
        listed = ask("decisions", "list", "churn", as_json=True).out
        assert [item["reason"] for item in listed] == ["new data is there"]
        assert ask("decisions", "list", "churn:2", as_json=True).out == []
        assert "new data is there" in ask("performance", "report", "churn").out
        assert "new data is there" in ask("decisions", "list", "churn").out

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (["churn", "panic", "--reason", "x"], "panic"),
            (["churn", "keep", "--reason", "  "], "reason"),
            (["churn", "keep", "--reason", "x", "--seen", "another"], "has changed"),
        ],
    )
    def test_what_is_refused(self, ask, words, said):
        """Exit code 2, and nothing is written down."""
        before = ask("decisions", "list", "churn", as_json=True).out
        done = ask("decisions", "record", *words)
        assert (done.code, said in done.err) == (2, True)
        assert ask("decisions", "list", "churn", as_json=True).out == before
