"""Grafana dashboards: valid, clean by the linter's rules, and every question has an answer."""

import json
import re
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

from monitor_core.dashboards.boards import BOARDS
from monitor_core.dashboards.grafana import dashboard, generate_grafana_dashboard
from monitor_core.metrics.promql import Engine
from monitor_core.metrics.promql.parser import parse

BOARD = pytest.mark.parametrize(
    "board", [dashboard(board)["dashboard"] for board in BOARDS], ids=lambda one: one["uid"]
)
RANGED = re.compile(r"\b(?:rate|increase|irate|delta|idelta)\b")
COUNTER = re.compile(r"(?<![A-Za-z0-9_:])[a-z_]+(?:_total|_count|_bucket)\b")
RECORDED = re.compile(r"\bjob:\w+:\w+|\bALERTS\b")
SAID = {"$__rate_interval": "5m", "$job": ".+", "$instance": ".+", "$endpoint": ".*", "$model_version": ".*"}
SAID |= {"$feature": ".*"}


def panels(board):
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def targets(board):
    return [(panel, target) for panel in panels(board) for target in panel.get("targets", [])]


def filled(text):
    for name, value in SAID.items():
        text = text.replace(name, value)
    return text


def variable(board, name):
    (found,) = [one for one in board["templating"]["list"] if one["name"] == name]
    return found


class TestFrontDoor:
    """`generate_grafana_dashboard`."""

    def test_is_what_the_api_imports(self):
        """An envelope of JSON."""
        made = generate_grafana_dashboard()
        assert set(made) == {"dashboard", "overwrite"}
        assert json.loads(json.dumps(made)) == made

    def test_has_the_six_panels_of_the_original(self):
        """By name."""
        titles = {panel["title"] for panel in panels(generate_grafana_dashboard()["dashboard"])}
        six = {"API Latency (p95)", "Throughput", "Model F1 Score", "Data Drift", "Error Rate", "System Resources"}
        assert six <= titles


@BOARD
class TestShape:
    """What Grafana asks for."""

    def test_fits_the_schema(self, board, shared_schema):
        """Of Grafana's own SDK, which allows no unknown field."""
        from jsonschema import Draft7Validator

        assert [error.message for error in Draft7Validator(shared_schema("dashboard")).iter_errors(board)] == []

    def test_is_set_as_agreed(self, board):
        """Schema 42, refreshed every 30 s."""
        assert (board["schemaVersion"], board["refresh"], board["tags"]) == (42, "30s", ["bellwether"])

    def test_panels_have_numbers_of_their_own(self, board):
        """Links to panels go by them."""
        numbers = [panel["id"] for panel in board["panels"]]
        assert sorted(numbers) == list(range(1, len(numbers) + 1))

    def test_panels_do_not_overlap(self, board):
        """Each cell of the grid belongs to one panel, within 24 columns."""
        taken = set()
        for panel in board["panels"]:
            place = panel["gridPos"]
            cells = {
                (x, y)
                for x in range(place["x"], place["x"] + place["w"])
                for y in range(place["y"], place["y"] + place["h"])
            }
            assert not taken & cells, panel["title"]
            assert max(x for x, _ in cells) < 24
            taken |= cells


@BOARD
class TestLinter:
    """The rules of grafana/dashboard-linter."""

    def test_template_datasource(self, board):
        """A choice of data sources of the type Prometheus."""
        found = variable(board, "datasource")
        assert (found["type"], found["query"], found["label"]) == ("datasource", "prometheus", "Data source")

    @pytest.mark.parametrize("name", ["job", "instance"])
    def test_template_job_and_instance(self, board, name):
        """Several or all, asked for by `label_values`, renewed with the range."""
        found = variable(board, name)
        assert found["multi"]
        assert found["includeAll"]
        assert (found["allValue"], found["refresh"], found["label"]) == (".+", 2, name.title())
        assert found["datasource"] == {"type": "prometheus", "uid": "${datasource}"}

    def test_template_label_promql(self, board):
        """What variables ask can be read."""
        for one in board["templating"]["list"]:
            if one["type"] == "query":
                inside = re.fullmatch(r"label_values\((.+), (\w+)\)", one["query"])
                parse(filled(inside[1]))

    def test_uneditable(self, board):
        """It is generated; changes would be lost."""
        assert board["editable"] is False

    def test_panels_have_title_description_and_unit(self, board):
        """Each says what it shows."""
        for panel in panels(board):
            assert panel["title"]
            assert panel["description"].endswith(".")
            if panel["type"] != "alertlist":
                assert panel["fieldConfig"]["defaults"]["unit"]
                assert panel["datasource"]["uid"] == "${datasource}"
                assert panel["targets"]

    def test_target_promql(self, board):
        """Every question can be read."""
        for _, target in targets(board):
            parse(filled(target["expr"]))

    def test_target_rate_interval(self, board):
        """Spans follow the resolution of the picture."""
        for panel, target in targets(board):
            spans = re.findall(r"\[([^\]]+)\]", target["expr"])
            assert set(spans) <= {"$__rate_interval"}, panel["title"]

    def test_target_job_and_instance(self, board):
        """Both in each selector; what rules recorded is by job, or by no target at all."""
        for panel, target in targets(board):
            for inside in re.findall(r"\{([^}]*)\}", target["expr"]):
                assert 'job=~"$job' in inside, panel["title"]
                assert 'instance=~"$instance"' in inside or RECORDED.search(target["expr"]), panel["title"]

    def test_target_counter_agg(self, board):
        """A counter is never shown as it is."""
        for panel, target in targets(board):
            for found in COUNTER.finditer(target["expr"]):
                assert RANGED.search(target["expr"][: found.start()]), panel["title"]


@BOARD
def test_every_question_has_an_answer(board, demo_engine):
    """Series over the last hour of a service that has everything; a panel without any would be empty for everyone."""
    for panel, target in targets(board):
        end = demo_engine.end
        grid = demo_engine.engine.query_range(filled(target["expr"]), end - 3600, end, 60).value
        assert grid.present.any(), (panel["title"], target["expr"])
        assert not (target["legendFormat"] == "__auto" and len(grid.labels) > 1), panel["title"]


@pytest.mark.prometheus
@BOARD
def test_every_question_has_the_same_answer_from_a_prometheus(board, real_server, demo_engine):
    """Series for series, to 1e-9: the engine speaks the semantics of that release."""
    engine = Engine(demo_engine.reader, compat=2)
    for panel, target in targets(board):
        given = {"query": filled(target["expr"]), "start": demo_engine.end - 3600, "end": demo_engine.end, "step": 300}
        with urlopen(f"{real_server}/api/v1/query_range?{urlencode(given)}", timeout=30) as answer:
            result = json.load(answer)["data"]["result"]
        theirs = {
            tuple(sorted(one["metric"].items())): {round(at): float(value) for at, value in one["values"]}
            for one in result
        }
        assert theirs, (panel["title"], target["expr"])
        grid = engine.query_range(*given.values()).value
        ours = {
            labels: dict(zip((stamps // 1000).tolist(), values.tolist(), strict=True))
            for labels, stamps, values in grid.series()
        }
        assert set(ours) == set(theirs), panel["title"]
        for labels, values in theirs.items():
            assert ours[labels] == pytest.approx(values, rel=1e-9, nan_ok=True), panel["title"]


@BOARD
def test_legends_name_what_is_there(board, demo_engine):
    """Each ``{{label}}`` is a label of the answer."""
    for panel, target in targets(board):
        wanted = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
        grid = demo_engine.engine.query_range(filled(target["expr"]), demo_engine.end - 600, demo_engine.end, 60).value
        assert all(wanted <= set(dict(labels)) for labels in grid.labels), panel["title"]


@BOARD
def test_annotations_can_be_read(board):
    """Those that ask a question."""
    asked = [one["expr"] for one in board["annotations"]["list"] if "expr" in one]
    assert len(asked) == 2
    for text in asked:
        parse(filled(text))


def test_a_version_that_begins_to_serve_is_an_annotation():
    """Seen once, when it comes; a rollback is the old one's coming back."""
    from monitor_core.metrics.promql import MemoryReader
    from monitor_core.metrics.promql.notation import add_series

    reader = MemoryReader()
    text = 'model_predictions_total{job="a", instance="i", model_version="%s"} %s'
    add_series(reader, text % ("1", "0+10x30 300x30"), 60_000)
    add_series(reader, text % ("2", "0x30 0+10x30"), 60_000)
    annotations = dashboard(BOARDS[0])["dashboard"]["annotations"]["list"]
    (asked,) = [one["expr"] for one in annotations if one["name"] == "Deployments and rollbacks"]
    grid = Engine(reader).query_range(filled(asked), 600, 3600, 60).value
    seen = {dict(labels)["model_version"]: stamps.tolist() for labels, stamps, _ in grid.series()}
    assert set(seen) == {"2"}
    assert seen["2"][0] / 60_000 in {31, 32}
    assert len(seen["2"]) <= 5


def test_the_same_text_each_time():
    """Byte for byte."""
    first, again = (json.dumps([dashboard(board) for board in BOARDS]) for _ in range(2))
    assert first == again
