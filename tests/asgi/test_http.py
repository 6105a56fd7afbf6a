"""The HTTP interface over a real socket, on a real installation."""

import io
import json
import socket
import subprocess
import time

import httpx
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from prometheus_client.parser import text_string_to_metric_families

from monitor_core.asgi.exposition import MOST_FEATURES
from monitor_core.runtime import open_services
from monitor_core.settings import load

TOKEN = "the-token"
SNAPSHOTS = "/api/v1/models/churn/versions/1/snapshots"
RUNS = "/api/v1/models/churn/versions/1/runs"


def parquet(*, days, first, shift=0.0, seed=1, rows=200):
    rng = np.random.default_rng(seed)
    n = days * rows
    moments = np.datetime64(first, "s") + np.repeat(np.arange(days), rows).astype("timedelta64[D]")
    columns = {"when": pa.array(moments), "age": rng.normal(40 + shift, 12, n), "income": rng.lognormal(3, 1, n)}
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file)
    return file.getvalue()


@pytest.fixture(scope="module")
def filled(tmp_path_factory, served):
    """Serve an installation with a baseline, shifted data and a run, uploaded over HTTP."""
    folder = tmp_path_factory.mktemp("filled")
    services = open_services(load(environ={}, arguments={"data_dir": folder}))
    services.models.add("churn", version="1", actor="ann")
    server = served(services)
    base = server.writer.put(
        f"{SNAPSHOTS}?filename=b.parquet&purpose=baseline", content=parquet(days=9, first="2026-01-01")
    )
    assert base.status_code == 202, base.text
    server.work()
    now = server.writer.put(
        f"{SNAPSHOTS}?filename=c.parquet&actor=nightly", content=parquet(days=4, first="2026-02-01", shift=15, seed=2)
    )
    assert now.status_code == 202, now.text
    server.work()
    server.job = now.json()["job_id"]
    yield server
    server.close()
    services.close()


class TestUpload:
    """`PUT .../snapshots`."""

    def test_it_becomes_a_job_and_then_results(self, filled):
        """Every reason and result is found under the job."""
        job = filled.client.get(f"/api/v1/jobs/{filled.job}").json()["job"]
        assert (job["state"], job["progress"], job["error"]) == ("done", 1.0, None)
        run = filled.client.get(f"/api/v1/runs/{job['result']['run_id']}").json()["run"]
        assert (run["verdict"], run["n_granules"]) == ("drifted", 4)

    def test_the_same_file_twice(self, filled):
        """200, and nothing is added."""
        again = filled.writer.put(
            f"{SNAPSHOTS}?filename=other.parquet", content=parquet(days=4, first="2026-02-01", shift=15, seed=2)
        )
        assert (again.status_code, again.json()["duplicate"]) == (200, True)

    def test_the_sender_is_in_the_trail(self, filled):
        """As it calls itself; the token tells only that it may."""
        assert "http: nightly" in {record.actor for record in filled.services.trail.list()}

    def test_roles_can_be_given(self, serve):
        """As JSON."""
        server = serve()
        roles = {"columns": [["when", "ignored"], ["age", "feature"], ["income", "ignored"]]}
        content = parquet(days=2, first="2026-01-01")
        query = {"filename": "b.parquet", "purpose": "baseline", "roles": json.dumps(roles), "keep_rows": "true"}
        assert server.writer.put(SNAPSHOTS, params=query, content=content).status_code == 202
        (snapshot,) = server.services.snapshots.list()
        assert snapshot.roles.monitored == (("age", "feature"),)
        assert snapshot.keep_rows

    @pytest.mark.parametrize(
        "query",
        [{"purpose": "other"}, {"roles": "{"}, {"roles": "[]"}, {"roles": '{"columns": 3}'}, {"keep_rows": "perhaps"}],
    )
    def test_bad_queries_are_refused_before_anything_is_kept(self, serve, query):
        """422 with the reason."""
        server = serve()
        answer = server.writer.put(SNAPSHOTS, params=query, content=parquet(days=1, first="2026-01-01"))
        assert answer.status_code == 422
        assert answer.json()["error"]["message"]
        assert server.services.snapshots.list() == ()

    def test_files_that_are_no_tables(self, serve):
        """422 with reasons, nothing kept."""
        server = serve()
        for content in (b"", b"\x89PNG\r\n\x1a\n" + bytes(100)):
            answer = server.writer.put(f"{SNAPSHOTS}?filename=x.parquet", content=content)
            assert answer.status_code == 422, answer.text
        assert not any((server.services.settings.data_dir / "staged").glob("*"))

    def test_unknown_models(self, serve):
        """404; an impossible name is 422."""
        server = serve()
        assert server.writer.put("/api/v1/models/nope/versions/1/snapshots", content=b"x").status_code == 404
        assert server.writer.put("/api/v1/models/NO%20PE/versions/1/snapshots", content=b"x").status_code == 422

    def test_a_body_beyond_the_limit(self, serve):
        """Refused by its declared length, and without one while it comes in."""
        server = serve(**{"snapshots.max_bytes": 1_000, "snapshots.max_page_bytes": 1_000})
        chunks = (bytes(400) for _ in range(5))
        for content in (bytes(2_000), chunks):
            answer = server.writer.put(SNAPSHOTS, content=content)
            assert answer.status_code == 422
            assert "larger than 1,000 bytes" in answer.json()["error"]["message"]
        assert server.services.snapshots.list() == ()

    def test_an_upload_that_breaks_off_leaves_nothing(self, serve):
        """No row, no file."""
        server = serve()
        with socket.create_connection(server.address) as raw:
            head = f"PUT {SNAPSHOTS} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n"
            raw.sendall(f"{head}Content-Length: 100000\r\n\r\n".encode() + bytes(50_000))
            time.sleep(0.3)
        end = time.monotonic() + 10
        while any((server.services.settings.data_dir / "staged").glob("*")) and time.monotonic() < end:
            time.sleep(0.05)
        assert not any((server.services.settings.data_dir / "staged").glob("*"))
        assert server.services.snapshots.list() == ()


class TestAccess:
    """Who may."""

    def test_writing_needs_the_token(self, filled):
        """401 with how to send it; nothing happens."""
        for answer in (filled.client.put(SNAPSHOTS, content=b"x"), filled.client.post(RUNS)):
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")

    def test_reading_elsewhere_needs_it_too(self, serve):
        """But for the health."""
        server = serve(host="0.0.0.0")
        for path in ("/metrics", "/api/v1/models", RUNS):
            assert server.client.get(path).status_code == 401
            assert server.writer.get(path).status_code == 200
        assert server.client.get("/api/health").status_code == 200

    def test_a_foreign_host_is_turned_away(self, filled):
        """Before anything else."""
        assert filled.client.get("/api/v1/models", headers={"host": "evil.example"}).status_code == 421


class TestReading:
    """What there is."""

    def test_models_with_their_latest_run(self, filled):
        """One request tells the state of everything."""
        (model,) = filled.client.get("/api/v1/models").json()["models"]
        assert (model["model_id"], model["versions"][0]["latest_run"]["verdict"]) == ("churn", "drifted")

    def test_runs(self, filled):
        """Newest first; the limit is checked."""
        assert len(filled.client.get(RUNS).json()["runs"]) >= 1
        for limit in ("0", "x", "-1", "10000"):
            assert filled.client.get(RUNS, params={"limit": limit}).status_code == 422

    @pytest.mark.parametrize("form", ["text", "html", "markdown", "csv", "json"])
    def test_reports(self, filled, form):
        """As a download, the same bytes each time."""
        run_id = filled.client.get(RUNS).json()["runs"][-1]["run_id"]
        first, second = (filled.client.get(f"/api/v1/runs/{run_id}/report", params={"format": form}) for _ in range(2))
        assert first.status_code == 200
        assert first.content == second.content
        assert b"age" in first.content
        assert "attachment" in first.headers["content-disposition"]

    @pytest.mark.parametrize("path", ["/api/v1/jobs/nope", "/api/v1/runs/nope", "/api/v1/runs/nope/report"])
    def test_what_is_not_there(self, filled, path):
        """404 with a message."""
        answer = filled.client.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/json")
        assert "nope" in answer.json()["error"]["message"]

    def test_an_unknown_format(self, filled):
        """422 with those there are."""
        run_id = filled.client.get(RUNS).json()["runs"][0]["run_id"]
        answer = filled.client.get(f"/api/v1/runs/{run_id}/report", params={"format": "pdf"})
        assert answer.status_code == 422
        assert "html" in answer.json()["error"]["hint"]


class TestRequest:
    """`POST .../runs`."""

    def test_a_run_is_queued_and_done(self, filled):
        """With its own thresholds and range."""
        body = {"first": "2026-02-02", "last": "2026-02-03", "overrides": {"psi_high": 0.3}, "actor": "ann"}
        asked = filled.writer.post(RUNS, json=body)
        assert asked.status_code == 202
        filled.work()
        job = filled.client.get(asked.headers["location"]).json()["job"]
        assert job["state"] == "done"
        assert filled.client.get(f"/api/v1/runs/{job['result']['run_id']}").json()["run"]["n_granules"] == 2

    @pytest.mark.parametrize(
        "body",
        [
            b"{",
            b"[]",
            b'{"nope": 1}',
            b'{"first": "2026-02-02"}',
            b'{"first": 3, "last": 4}',
            b"\xff",
            b"1" * 2_000_000,
        ],
    )
    def test_bad_bodies(self, filled, body):
        """422 with the reason."""
        answer = filled.writer.post(RUNS, content=body)
        assert answer.status_code == 422
        assert answer.json()["error"]["message"]


class TestHealth:
    """`GET /api/health`."""

    def test_up(self, filled):
        """Database, worker, queue."""
        answer = filled.client.get("/api/health")
        assert (answer.status_code, answer.json()["status"]) == (200, "up")
        assert answer.json()["database"] == {"up": True, "kind": "sqlite"}

    def test_work_without_a_worker(self, serve):
        """503: jobs wait and nobody does them."""
        server = serve()
        server.writer.put(
            f"{SNAPSHOTS}?purpose=baseline&filename=b.parquet", content=parquet(days=1, first="2026-01-01")
        )
        answer = server.client.get("/api/health")
        assert (answer.status_code, answer.json()["status"], answer.json()["jobs"]["queued"]) == (503, "degraded", 1)

    @pytest.mark.postgres
    def test_a_database_that_went_away(self, serve, postgres):
        """503 everywhere, without what the database said."""
        postgres.administer("CREATE DATABASE goes")
        server = serve(database_url=postgres.url("goes"))
        server.services.engine.dispose()
        postgres.administer("DROP DATABASE goes WITH (FORCE)")
        health = server.client.get("/api/health")
        assert (health.status_code, health.json()["status"]) == (503, "down")
        models = server.client.get("/api/v1/models")
        assert models.status_code == 503
        assert models.json()["error"]["message"] == "the database did not answer"


class TestMetrics:
    """`GET /metrics`."""

    def samples(self, server):
        answer = server.client.get("/metrics")
        assert answer.status_code == 200
        return {
            (sample.name, *(sample.labels[key] for key in sorted(sample.labels))): sample.value
            for family in text_string_to_metric_families(answer.text)
            for sample in family.samples
        }

    def test_state_and_drift(self, filled):
        """Jobs, worker, and the latest granule of each model version."""
        samples = self.samples(filled)
        assert samples["bellwether_jobs", "done"] >= 2
        assert samples["bellwether_worker_up",] == 0
        assert samples["feature_drift_psi", "age", "churn", "1"] > 0.25
        assert samples["model_drift_severity", "churn", "1"] >= 3
        assert samples["model_drift_features", "churn", "drifted", "1"] >= 1

    @pytest.mark.prometheus
    def test_prometheus_own_checker_finds_nothing(self, filled):
        """Names, types and help texts are as Prometheus asks."""
        text = filled.client.get("/metrics").content
        done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")

    @pytest.mark.prometheus
    def test_a_prometheus_server_reads_them(self, filled, tmp_path):
        """Pointed at the app, a real server has the severity of the latest granule."""
        config = {
            "global": {"scrape_interval": "1s"},
            "scrape_configs": [
                {"job_name": "app", "static_configs": [{"targets": [filled.client.base_url.netloc.decode()]}]}
            ],
        }
        (tmp_path / "prometheus.yml").write_text(json.dumps(config))  # JSON is YAML
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{free.getsockname()[1]}"
        command = ["prometheus", f"--config.file={tmp_path / 'prometheus.yml'}", f"--storage.tsdb.path={tmp_path}"]
        with (tmp_path / "log").open("w") as log:
            server = subprocess.Popen([*command, f"--web.listen-address={address}"], stdout=log, stderr=log)
        try:
            found = _until(lambda: _asked(address, 'model_drift_severity{model="churn"}'))
        finally:
            server.terminate()
            server.wait(20)
        assert float(found[0]["value"][1]) >= 3

    def test_an_empty_installation(self, serve):
        """No drift series, and no fault."""
        samples = self.samples(serve())
        assert not any(name[0].startswith("feature_") for name in samples)

    def test_few_series_whatever_the_width(self, serve):
        """The largest 200 have their own, the rest is `other`, also when a feature is called so."""
        server, rng = serve(), np.random.default_rng(3)
        names = [f"x{number}" for number in range(MOST_FEATURES + 20)] + ["other"]

        def table(first):
            moments = np.datetime64(first, "s") + np.zeros(100, "timedelta64[D]")
            file = io.BytesIO()
            pq.write_table(pa.table({"when": moments, **{name: rng.normal(size=100) for name in names}}), file)
            return file.getvalue()

        for purpose, first in (("baseline", "2026-01-01"), ("current", "2026-02-01")):
            query = {"purpose": purpose, "filename": "t.parquet"}
            assert server.writer.put(SNAPSHOTS, params=query, content=table(first)).status_code == 202
            server.work()
        features = [name[1] for name in self.samples(server) if name[0] == "feature_drift_psi"]
        assert len(features) <= MOST_FEATURES + 1
        assert features.count("other") == 1


def _asked(address, query):
    """The series that a Prometheus server finds; none while it is not up."""
    try:
        answer = httpx.get(f"http://{address}/api/v1/query", params={"query": query})
    except httpx.TransportError:
        return []
    return answer.json()["data"]["result"] if answer.status_code == 200 else []


def _until(ask, seconds=60):
    """The first answer that is not empty."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := ask():
            return found
        time.sleep(0.1)
    raise AssertionError(f"nothing within {seconds} s")


class TestRules:
    """Rules and alerts in Prometheus' form."""

    def test_rules_are_listed_before_any_evaluation(self, serve):
        """Groups with their rules; nothing is in sight yet."""
        client = serve().client
        rules = client.get("/api/v1/rules").json()
        assert rules["status"] == "success"
        assert sum(len(group["rules"]) for group in rules["data"]["groups"]) >= 20
        assert client.get("/api/v1/alerts").json() == {"status": "success", "data": {"alerts": []}}
