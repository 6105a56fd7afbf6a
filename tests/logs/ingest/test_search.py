"""What searches tell beside rows: reach, notes, context lines, traces; and what is taken home."""

import csv
import io
import json
from dataclasses import replace

from monitor_core.logs.index.export import csv_lines, json_lines
from monitor_core.logs.query import parse
from monitor_core.logs.search import LogService


def service(world, **changes):
    return LogService(world.root, replace(world.settings, **changes), world.now)


def test_a_search_that_runs_out_of_rows_says_so(world):
    """Partial, "at least", and what was found so far."""
    world.write("app.log", *(world.line() for _ in range(3_000)))
    world.take()
    answer = service(world, search_rows=1_000).search('message:~"n\\d+$"', limit=5)
    assert answer.reach.is_partial
    assert not answer.is_exact
    assert 1_000 <= answer.count < 3_000
    assert answer.counted == f"at least {answer.count:,}"
    assert len(answer.rows) == 5
    whole = service(world).search('message:~"n\\d+$"', limit=5)
    assert (whole.count, whole.is_exact, whole.reach.is_partial) == (3_000, True, False)


def test_a_regular_expression_looks_only_at_what_the_rest_leaves(world):
    """The budget is for lines that the index could not rule out."""
    world.write("app.log", *(world.line() for _ in range(2_000)), world.line(words="needle"))
    world.take()
    answer = service(world, search_rows=1_000).search('needle message:~"n\\d+$"')
    assert (answer.count, answer.is_exact) == (1, True)


def test_pathological_expressions_end(world):
    """RE2 walks a line once."""
    world.write("app.log", world.line(words="a" * 20_000))
    world.take()
    answer = service(world).search('message:~"(a*)*(a*)*b$" or context.x:*a*a*a*a*a*b')
    assert answer.count == 0
    assert answer.reach.seconds < 1


def test_names_that_no_line_has_are_said(world):
    """With those that come near."""
    world.write("app.log", world.line(latency_ms=5))
    world.take()
    answer = service(world).search("context.latncy_ms>1")
    assert answer.reach.notes == ("no line has context.latncy_ms; nearest: context.latency_ms",)


def test_lines_around_one(world):
    """In its file, whatever the times."""
    world.write("app.log", *(world.line(21 + i % 2) for i in range(9)))
    world.write("other.log", *(world.line() for _ in range(9)))
    world.take()
    row = service(world).search("n5").rows[0]
    assert [item.message for item in service(world).around(row, before=2, after=1)] == [
        "request n3", "request n4", "request n5", "request n6",
    ]  # fmt: skip


def test_a_trace_goes_through_all_files(world):
    """The earliest line first."""
    for name, at in (("app.log", 2), ("audit.log", 1)):
        world.write(name, f'{{"ts": {at}, "message": "{name}", "trace_id": "AB12"}}\n')
    world.take()
    assert [row.kind for row in service(world).trace("ab12").rows] == ["audit", "app"]
    assert service(world).search("kind:audit").count == 1


def test_pages_follow_each_other_through_equal_times(world):
    """Fifty lines of one moment, seven at a time."""
    world.write("app.log", *(f'{{"ts": 5, "message": "x n{i}"}}\n' for i in range(50)))
    world.take()
    asked, seen, after = service(world), [], None
    while True:
        rows = asked.search("x", limit=7, after=after, is_counted=False).rows
        if not rows:
            break
        seen += [row.message for row in rows]
        after = (rows[-1].ts, rows[-1].file_id, rows[-1].end)
    assert seen == [f"x n{i}" for i in reversed(range(50))]


def test_an_export_is_no_formula(world):
    """CSV is guarded; JSON lines are what they were."""
    world.write("app.log", '{"ts": 1, "message": "=HYPERLINK(1)", "context": {"a": "@x", "n": -5, "=b": 1}}\n')
    world.take()
    rows = world.search().rows
    cells = next(csv.DictReader(io.StringIO("".join(csv_lines(rows)))))
    assert (cells["message"], cells["context.a"], cells["context.n"]) == ("'=HYPERLINK(1)", "'@x", "-5")
    found = json.loads("".join(json_lines(rows)))
    assert found["message"] == "=HYPERLINK(1)"
    assert found["time"] == "1970-01-01T00:00:01.000Z"


def test_an_empty_folder_answers(world):
    """Nothing there yet."""
    asked = service(world)
    assert asked.search("x").count == 0
    assert asked.histogram("x").total == 0
    assert asked.facet("x", "level").values == ()
    assert parse("x").where is not None


def test_context_values_are_counted_as_they_were_written(world):
    """Texts that look like times come back as they were; numbers as numbers."""
    world.write("app.log", world.line(day_of="2026-11-21T10:00:00Z"), world.line(day_of=5), world.line(day_of=True))
    world.take()
    found = dict(service(world).facet("", "context.day_of").values)
    assert found == {"2026-11-21T10:00:00Z": 1, 5: 1, True: 1}
    assert world.search('context.day_of:"2026-11-21T10:00:00Z"').count == 1
