"""The index answers what plain Python says."""

import sys
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[1] / "query"))
from strategies_of_trees import nodes, rows

from monitor_core.logs.index.answers import key_of
from monitor_core.logs.index.days import Place
from monitor_core.logs.index.writing import DayWriter
from monitor_core.logs.ingest.registry import Registry
from monitor_core.logs.query import Query, matches
from monitor_core.logs.search import LogService
from monitor_core.settings import LogSettings

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def native(row):
    """Write a row as a line that is read as the same row."""
    import json
    from datetime import timedelta

    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=row.ts)
    context = {}
    for name, value in row.context:
        context.setdefault(name, []).append(value)
    data = {
        "timestamp": at.isoformat(), "level": row.level, "logger": row.logger, "message": row.message,
        "context": context, "trace_id": row.trace_id, "exception": row.exception,
    }  # fmt: skip
    return json.dumps(data)


def indexed(root, found):
    """Write rows to the index: two kinds, two days."""
    registry = Registry(root / "files.json")
    files = {kind: registry.add(f"{kind}.log", kind.encode(), 1, i).file_id for i, kind in enumerate(("app", "audit"))}
    made, writers = [], {}
    for i, row in enumerate(found):
        kind, day = ("app", "audit")[i % 2], f"2026-11-{20 + i % 3}"
        grouped = tuple(sorted(row.context, key=lambda item: [name for name, _ in row.context].index(item[0])))
        full = replace(row, kind=kind, file=f"{kind}.log", file_id=files[kind], end=i, context=grouped, raw=native(row))
        if (kind, day) not in writers:
            writers[kind, day] = DayWriter(Place(day, kind, root / kind / day))
        writers[kind, day].add(full, full.raw.encode(), i + 1)
        made.append(full)
    for writer in writers.values():
        writer.commit()
        writer.close()
    return made


FOUND = st.lists(rows, min_size=20, max_size=30)


@given(FOUND, st.lists(nodes, min_size=12, max_size=20), st.integers(1, 30))
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
def test_rows_counts_and_order_equal_plain_evaluation(found, trees, limit):
    """Rows, exact counts, both orders, and pages that follow each other."""
    with TemporaryDirectory() as folder:
        made = indexed(Path(folder), found)
        service = LogService(Path(folder), LogSettings(), lambda: NOW)
        for tree in trees:
            expected = sorted((row for row in made if matches(tree, row, now=NOW)), key=key_of)
            for newest in (True, False):
                order = expected[::-1] if newest else expected
                answer = service.search(Query(tree), limit=limit, is_newest_first=newest)
                assert answer.rows == tuple(order[:limit])
                assert answer.is_exact
                assert answer.count == len(expected)
                if len(order) > limit:
                    after = service.search(
                        Query(tree), limit=limit, is_newest_first=newest, after=key_of(order[limit - 1])
                    )
                    assert after.rows == tuple(order[limit : 2 * limit])


@given(
    FOUND,
    st.lists(nodes, min_size=5, max_size=8),
    st.sampled_from([60, 3600, 86_400]),
    st.sampled_from(["level", "logger", "kind"]),
)
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
def test_histograms_and_facets_equal_plain_counting(found, trees, step, by):
    """Every row stands in one step, every value is counted."""
    with TemporaryDirectory() as folder:
        made = indexed(Path(folder), found)
        service = LogService(Path(folder), LogSettings(), lambda: NOW)
        for tree in trees:
            expected = [row for row in made if matches(tree, row, now=NOW)]
            histogram = service.histogram(Query(tree), step_seconds=step, by=by)
            counted = Counter(
                ((row.values(by) or (0 if by == "level" else "",))[0], (row.ts - histogram.start) // histogram.step)
                for row in expected
            )
            cells = {
                (value, i): int(count)
                for value, counts in zip(histogram.values, histogram.counts, strict=True)
                for i, count in enumerate(counts)
                if count
            }
            assert cells == dict(counted)
            facet = service.facet(Query(tree), by, top=50)
            assert dict(facet.values) == Counter(value for row in expected for value in row.values(by))
