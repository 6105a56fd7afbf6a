"""Performance over HTTP, on a real installation behind a socket."""

import time

import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from monitor_core.asgi.performance_metrics import PerformanceFigures
from monitor_core.runtime import open_services
from monitor_core.settings import load
from monitor_core.values import ModelRef

VERSION = "/api/v1/models/churn/versions/1"
FIGURES = {"model_f1_score", "model_precision", "model_recall", "model_roc_auc", "model_degradation_severity"}


def rows(*, days, per_day=60, right=0.6, seed=1):
    """Predictions with their labels."""
    rng = np.random.default_rng(seed)
    first = np.datetime64("2026-02-01")
    for day in range(days):
        for place in range(per_day):
            label = int(rng.random() < 0.5)
            predicted = label if rng.random() < right else 1 - label
            yield {
                "entity_id": f"{day}-{place}",
                "timestamp": f"{first + day}T12:00:00Z",
                "score": round(0.2 + 0.6 * predicted + 0.1 * rng.random(), 3),
                "prediction": predicted,
                "label": label,
            }


@pytest.fixture(scope="module")
def judged(tmp_path_factory, served):
    """Serve an installation whose model fell, with a baseline of bare values."""
    services = open_services(load(environ={}, arguments={"data_dir": tmp_path_factory.mktemp("judged")}))
    services.models.add("churn", version="1", title="Churn", actor="ann")
    services.models.add("quiet", version="1", actor="ann")
    services.performance.baseline_from_values(ModelRef("churn", "1"), {"f1": 0.9}, actor="ann")
    server = served(services)
    sent = server.writer.post(f"{VERSION}/predictions", json={"rows": list(rows(days=40))})
    assert sent.status_code == 201, sent.text
    yield server
    server.close()
    services.close()


class TestPerformance:
    """`GET .../performance`."""

    def test_every_metric_of_the_window(self, judged):
        """With what each rests on."""
        found = judged.client.get(f"{VERSION}/performance?window=7").json()["performance"]
        f1 = found["metrics"][0]
        assert (found["span"]["granules"], found["state"], f1["name"]) == (7, "full", "f1")
        assert f1["low"] < f1["estimate"] < f1["high"]

    def test_as_of_an_earlier_moment(self, judged):
        """Nothing was known then."""
        found = judged.client.get(f"{VERSION}/performance?as_of=2026-01-01T00:00:00%2B01:00").json()["performance"]
        assert (found["state"], found["as_of"]) == ("none", "2025-12-31T23:00:00+00:00")
        plus = judged.client.get(f"{VERSION}/performance?as_of=2026-01-01T00:00:00+01:00").json()["performance"]
        assert plus["as_of"] == found["as_of"]

    @pytest.mark.parametrize("query", ["window=0", "window=x", "window=9999999", "as_of=lately", "as_of=2999-01-01"])
    def test_what_cannot_be_asked(self, judged, query):
        """422 with the reason."""
        refused = judged.client.get(f"{VERSION}/performance?{query}")
        assert (refused.status_code, bool(refused.json()["error"]["message"])) == (422, True)

    def test_unknown_version(self, judged):
        """404."""
        assert judged.client.get("/api/v1/models/churn/versions/9/performance").status_code == 404


class TestReport:
    """`GET .../performance/report`."""

    @pytest.mark.parametrize("form", ["html", "text", "markdown", "csv", "json"])
    def test_every_format(self, judged, form):
        """As a file, harmless in a browser."""
        got = judged.client.get(f"{VERSION}/performance/report?format={form}")
        assert got.status_code == 200
        assert "performance_churn_1_" in got.headers["content-disposition"]
        assert "sandbox" in got.headers["content-security-policy"]
        assert got.content

    def test_the_moment_it_names_gives_it_again(self, judged):
        """To the byte."""
        address = f"{VERSION}/performance/report?format=json"
        first = judged.client.get(address)
        again = judged.client.get(address, params={"format": "json", "as_of": first.json()["as_of"]})
        assert again.content == first.content

    def test_unknown_format(self, judged):
        """422."""
        assert judged.client.get(f"{VERSION}/performance/report?format=pdf").status_code == 422


class TestDecisions:
    """`GET .../advice` and `.../decisions`."""

    def test_advice_is_looked_at_and_decided_on(self, judged):
        """The decision names the evidence that was seen."""
        advice = judged.client.get(f"{VERSION}/advice").json()
        assert (advice["advice"]["action"], len(advice["evidence_sha256"])) == ("retrain", 64)
        body = {"action": "retrain", "reason": "it fell", "actor": "ann", "seen": advice["evidence_sha256"]}
        made = judged.writer.post(f"{VERSION}/decisions", json=body)
        assert made.status_code == 201, made.text
        decision = made.json()["decision"]
        assert (decision["decided_by"], decision["advised"]) == ("http: ann", "retrain")
        listed = judged.client.get(f"{VERSION}/decisions").json()["decisions"]
        assert [item["reason"] for item in listed] == ["it fell"]
        assert judged.client.get(f"{VERSION}/decisions?as_of=2026-01-01").json()["decisions"] == []

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            ({"action": "panic", "reason": "x"}, 422),
            ({"action": "keep"}, 422),
            ({"action": "keep", "reason": "x", "more": 1}, 422),
            ({"action": "keep", "reason": "x", "window": True}, 422),
            ({"action": "keep", "reason": "x", "window": 0}, 422),
            ({"action": "keep", "reason": "x", "seen": "another"}, 409),
        ],
    )
    def test_what_is_refused(self, judged, body, status):
        """With nothing written down."""
        before = judged.client.get(f"{VERSION}/decisions").json()
        assert judged.writer.post(f"{VERSION}/decisions", json=body).status_code == status
        assert judged.client.get(f"{VERSION}/decisions").json() == before

    def test_the_token_is_needed(self, judged):
        """401."""
        body = {"action": "keep", "reason": "x"}
        assert judged.client.post(f"{VERSION}/decisions", json=body).status_code == 401


def scraped(server):
    """Samples of performance by name and labels."""
    text = server.client.get("/metrics").text
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if family.name in FIGURES
    }


class TestMetrics:
    """`GET /metrics`."""

    def test_figures_are_those_of_the_windows(self, judged):
        """By window; a model without labels has no series."""
        found = scraped(judged)
        window = judged.client.get(f"{VERSION}/performance?window=30").json()["performance"]
        labels = (("model", "churn"), ("version", "1"), ("window", "30d"))
        for metric, name in (("f1", "model_f1_score"), ("recall", "model_recall"), ("roc_auc", "model_roc_auc")):
            value = next(item["estimate"] for item in window["metrics"] if item["name"] == metric)
            assert found[name, *labels] == pytest.approx(value)
        assert found["model_degradation_severity", ("model", "churn"), ("version", "1")] == 3
        assert not [key for key in found if ("model", "quiet") in key]

    def test_they_follow_what_changes(self, serve):
        """A delivery, a baseline."""
        server = serve()
        assert scraped(server) == {}
        server.writer.post(f"{VERSION}/predictions", json={"rows": list(rows(days=10, right=0.9))})
        before = scraped(server)
        assert {key[0] for key in before} == FIGURES - {"model_degradation_severity"}
        server.services.performance.baseline_from_values(ModelRef("churn", "1"), {"f1": 0.9}, actor="ann")
        assert ("model_degradation_severity", ("model", "churn"), ("version", "1")) in scraped(server)
        worse = [row | {"label": 1 - row["label"]} for row in rows(days=10, right=0.9)]
        server.writer.post(f"{VERSION}/labels", json={"rows": [
            {name: row[name] for name in ("entity_id", "timestamp", "label")} for row in worse
        ]})  # fmt: skip
        name = ("model_f1_score", ("model", "churn"), ("version", "1"), ("window", "30d"))
        assert scraped(server)[name] < 0.3 < before[name]

    def test_no_budget_keeps_what_is_known(self, judged):
        """A scrape that may not compute tells what it has: nothing at first."""
        figures = PerformanceFigures(budget=0.0)
        assert [family.samples for family in figures.collect(judged.services)] == [[]] * 5

    def test_fifty_models_are_told_quickly(self, serve):
        """Once they are known."""
        server = serve()
        for number in range(50):
            server.services.models.add(f"m{number}", version="1", actor="ann")
            path = f"/api/v1/models/m{number}/versions/1/predictions"
            assert server.writer.post(path, json={"rows": list(rows(days=3, per_day=40))}).status_code == 201
        figures = PerformanceFigures(budget=60.0)
        list(figures.collect(server.services))
        times = []
        for _ in range(3):
            start = time.process_time()
            f1, *_ = figures.collect(server.services)
            times.append(time.process_time() - start)
        assert len({sample.labels["model"] for sample in f1.samples}) == 50
        assert min(times) < 0.1
