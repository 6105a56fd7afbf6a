"""Prometheus's own tests, from the shared folder: classic evaluations answered as Prometheus answers them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

KNOWN = Path(__file__).with_name("known_differences.txt")
COMPLETE = ("at_modifier", "collision", "literals", "staleness", "subquery", "trig_functions")
LEFT_OUT = {"histograms": 92, "operators": 72, "range_queries": 2, "subquery": 2}
"""Evaluations that look at native histograms, which are not held here: exactly so many a file."""


def known() -> set[str]:
    lines = KNOWN.read_text().splitlines()
    return {line for line in lines if line and not line.startswith("#")}


def test_every_difference_is_known_and_every_known_one_is_there(upstream_outcomes):
    failed = {outcome.case.name: outcome.cause for outcome in upstream_outcomes if outcome.verdict == "failed"}
    assert {name: cause for name, cause in failed.items() if name not in known()} == {}
    assert known() - set(failed) == set()


def test_nothing_is_left_out_but_native_histograms(upstream_outcomes):
    left_out = Counter(outcome.case.file for outcome in upstream_outcomes if outcome.verdict == "native")
    assert left_out == LEFT_OUT


def test_at_least_95_of_100_classic_evaluations_agree(upstream_outcomes):
    verdicts = Counter(outcome.verdict for outcome in upstream_outcomes)
    assert verdicts["passed"] + verdicts["failed"] == 485
    assert verdicts["passed"] >= 0.95 * (verdicts["passed"] + verdicts["failed"])


@pytest.mark.parametrize("name", COMPLETE)
def test_files_without_any_difference(upstream_outcomes, name):
    verdicts = Counter(outcome.verdict for outcome in upstream_outcomes if outcome.case.file == name)
    assert verdicts["passed"] > 0
    assert verdicts["failed"] == 0
