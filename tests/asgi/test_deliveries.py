"""Predictions and labels as rows in a request."""

import pytest

from monitor_core.performance.store import PerformanceStore
from monitor_core.values import ModelRef

PREDICTIONS = "/api/v1/models/churn/versions/1/predictions"
LABELS = "/api/v1/models/churn/versions/1/labels"


def said(n, day="2026-01-01"):
    return [
        {"entity_id": f"C{row}", "timestamp": f"{day}T05:00:00Z", "prediction": row % 2, "score": 0.1 + 0.8 * (row % 2)}
        for row in range(n)
    ]


@pytest.fixture
def server(serve):
    return serve()


def post(server, path, rows, **more):
    headers = more.pop("headers", {})
    return server.writer.post(path, json={"rows": rows, **more}, headers=headers)


def test_what_became_of_the_rows_is_the_answer(server):
    """Predictions, then labels for some of them and for one that nobody predicted."""
    first = post(server, PREDICTIONS, said(10))
    assert first.status_code == 201, first.text
    assert first.json()["delivery"] | {"batch_id": ""} == {
        "batch_id": "",
        "kind": "predictions",
        "n_rows": 10,
        "n_accepted": 10,
        "n_duplicates": 0,
        "n_refused": 0,
        "n_orphans": 0,
        "n_corrections": 0,
        "first_granule": "2026-01-01",
        "last_granule": "2026-01-01",
        "is_repeat": False,
        "reasons": [],
    }
    labels = [{"entity_id": f"C{row}", "label": 1} for row in (0, 1, 99)]
    second = post(server, LABELS, labels).json()["delivery"]
    assert (second["n_accepted"], second["n_orphans"]) == (3, 1)


def test_the_same_key_gets_the_first_answer(server):
    """A sender that did not hear the answer sends again."""
    key = {"headers": {"idempotency-key": "run-1"}}
    first = post(server, PREDICTIONS, said(5), **key)
    again = post(server, PREDICTIONS, said(5), **key)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["delivery"] == first.json()["delivery"] | {"is_repeat": True}


def test_the_same_rows_without_a_key_are_known(server):
    """Nothing counts twice."""
    post(server, PREDICTIONS, said(5))
    again = post(server, PREDICTIONS, said(6)).json()["delivery"]
    assert (again["n_duplicates"], again["n_accepted"]) == (5, 1)


def test_a_bad_row_is_named_and_kept_out(server):
    """The others count; or, as the sender chose, none does."""
    rows = [*said(3), {"entity_id": "X", "timestamp": "2026-01-01", "score": 1.5}]
    refused = post(server, PREDICTIONS, rows, on_bad="refuse")
    assert refused.status_code == 422
    assert any("1.5" in reason for reason in refused.json()["error"]["reasons"])
    kept = post(server, PREDICTIONS, rows).json()["delivery"]
    assert (kept["n_accepted"], kept["n_refused"], kept["n_duplicates"]) == (3, 1, 0)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "'rows' is missing"),
        ({"rows": []}, "0 rows"),
        ({"rows": [{"entity_id": 1, "labl": 0}]}, "row 1: 'labl'"),
        ({"rows": [{"entity_id": 1, "label": 0}], "on_bad": "ignore"}, "on_bad 'ignore'"),
        ({"rows": [{"entity_id": 1, "label": 0}], "idempotency_key": 5}, "idempotency key"),
        ({"row": []}, "'row' is not known"),
    ],
)
def test_a_wrong_body_is_told_what_is_wrong(server, body, words):
    """Nothing is taken in."""
    refused = server.writer.post(LABELS, json=body)
    assert refused.status_code == 422
    assert words in refused.json()["error"]["message"]


def test_writing_needs_the_token(server):
    """As everywhere."""
    assert server.client.post(LABELS, json={"rows": []}).status_code == 401


def test_an_unknown_version_is_not_found(server):
    """It is named."""
    assert post(server, "/api/v1/models/churn/versions/9/labels", said(1)).status_code == 404


def test_a_file_of_labels_is_a_job(server):
    """The upload that files take, for another purpose."""
    post(server, PREDICTIONS, said(10))
    content = "entity_id,label\n" + "\n".join(f"C{row},{row % 2}" for row in range(10))
    path = "/api/v1/models/churn/versions/1/snapshots?purpose=labels&filename=l.csv"
    sent = server.writer.put(path, content=content.encode())
    assert sent.status_code == 202, sent.text
    server.work()
    job = server.client.get(sent.headers["location"]).json()["job"]
    assert job["result"]["delivery"]["n_accepted"] == 10


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"[" * 100_000, "nested too deeply"),
        (b'{"rows": [{"entity_id": "\\uD800", "label": 1}]}', "surrogates not allowed"),
        (b'{"rows": [{"entity_id": "a", "label": NaN}]}', "NaN; send null"),
    ],
)
def test_what_only_looks_like_json_is_told_so(server, body, words):
    """And is no failure of the server."""
    refused = server.writer.post(LABELS, content=body)
    assert refused.status_code == 422
    assert words in refused.json()["error"]["message"]


def test_a_sender_is_named_on_one_line(server):
    """Characters that are none, which PostgreSQL would refuse, are left out."""
    post(server, PREDICTIONS, said(1), actor="night\x00ly\n")
    (batch,) = PerformanceStore(server.services.engine).batches("churn")
    assert batch.recorded_by == "http: nightly"


def test_an_archived_model_takes_nothing_in(server):
    """Rows and files alike, until it is taken out."""
    server.services.models.archive("churn", actor="ann")
    refused = post(server, PREDICTIONS, said(1))
    assert refused.status_code == 409
    assert "models restore churn" in refused.json()["error"]["hint"]
    path = "/api/v1/models/churn/versions/1/snapshots?purpose=labels&filename=l.csv"
    assert server.writer.put(path, content=b"entity_id,label\nC1,1\n").status_code == 409
    assert [kept.state for kept in server.services.snapshots.list(ModelRef("churn", "1"))] == ["deleted"]
    server.services.models.restore("churn", actor="ann")
    assert post(server, PREDICTIONS, said(1)).status_code == 201
