"""Writing a query's tree and reading it again."""

import sys
from pathlib import Path

import pytest
from hypothesis import given, settings

sys.path.insert(0, str(Path(__file__).parent))
from strategies_of_trees import queries

from monitor_core.logs.query import parse, write


@given(queries)
@settings(max_examples=1_000, deadline=None)
def test_reading_what_was_written_gives_the_same_tree(query):
    """parse(print(tree)) = tree."""
    assert parse(write(query)) == query


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("", "*"),
        ("a b", "a and b"),
        ("a OR b c", "a or b and c"),
        ("(a or b) c", "(a or b) and c"),
        ("-(a or b)", "not (a or b)"),
        ("not not a", "not not a"),
        ("level!=debug", "not level:debug"),
        ('logger:(a or "b c")', 'logger:a or logger:"b c"'),
        ("| timeline 90s by level", "| timeline 90s by level"),
        ("| timeline 120s", "| timeline 2m"),
    ],
)
def test_what_is_written(text, written):
    """One way for each tree."""
    assert write(parse(text)) == written
