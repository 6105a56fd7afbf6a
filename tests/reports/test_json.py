"""The JSON form and its schema."""

import json as parser
import math
from dataclasses import replace
from importlib.resources import files

import pytest
from jsonschema import Draft202012Validator

from monitor_core.reports import json
from monitor_core.reports.document import build
from monitor_core.reports.records import COLUMNS


@pytest.fixture(scope="module")
def schema():
    text = files("monitor_core.reports").joinpath("templates/drift.schema.json").read_text(encoding="utf-8")
    return Draft202012Validator(parser.loads(text))


def test_report_fits_the_schema(document, schema):
    """What is written is what is documented."""
    assert list(schema.iter_errors(parser.loads(json.render(document)))) == []


def test_empty_report_fits_the_schema(run, model, schema):
    """Also when there is nothing in it."""
    assert list(schema.iter_errors(parser.loads(json.render(build(run, model, [], {}))))) == []


def test_hostile_names_read_back(hostile, schema):
    """Names come back as they were given."""
    name, document = hostile
    read = parser.loads(json.render(document))
    schema.validate(read)
    assert {item["name"] for item in read["results"]} == {name}


def test_results_have_the_columns_of_the_csv(document):
    """The two machine forms agree on names and order."""
    assert tuple(parser.loads(json.render(document))["results"][0]) == COLUMNS


def test_schema_version_is_the_schema_s(schema):
    """Code and schema name the same version."""
    assert schema.schema["properties"]["schema_version"]["const"] == json.SCHEMA_VERSION


def test_not_a_number_is_null(run, model, granules, make_drift):
    """NaN and infinity are not JSON."""
    odd = replace(granules[0], features=(make_drift("a", psi=0.1, chi2=math.inf, js=math.nan),), drifted_share=math.nan)
    read = parser.loads(json.render(build(run, model, [odd], {})))
    assert (read["results"][0]["chi2"], read["results"][0]["js"], read["granules"][0]["drifted_share"]) == (None,) * 3
