"""A runner for the files of Prometheus's own tests: load, clear, eval, expect.

Native histograms are not read: series that hold them are only remembered, so that an evaluation that looks at one can
be told apart and left out.
"""

from __future__ import annotations

import math
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from monitor_core.metrics.promql import Engine, Grid, Matrix, MemoryReader, QueryFailed, Scalar, String
from monitor_core.metrics.promql.lexer import Token, TokenKind, duration_ms, unquoted
from monitor_core.metrics.promql.notation import add_series, labels_from, parse_series

ROOT = Path(__file__).resolve().parents[3]
NATIVE_FUNCTIONS = ("histogram_avg", "histogram_count", "histogram_stddev", "histogram_stdvar", "histogram_sum")
EVAL = re.compile(
    r"eval(?P<mode>_fail|_warn|_info|_ordered)?\s+(?:instant\s+at\s+(?P<at>\S+)"
    r"|range\s+from\s+(?P<start>\S+)\s+to\s+(?P<end>\S+)\s+step\s+(?P<step>\S+))\s+(?P<query>.+)"
)
RANGE_VECTOR = re.compile(r"range vector from (?P<start>\S+) to (?P<end>\S+) step (?P<step>\S+)")


def seconds(text: str) -> float:
    """Read ``1m30s`` or ``90``."""
    if re.fullmatch(r"-?[0-9.]+", text):
        return float(text)
    return duration_ms(text, Token(TokenKind.DURATION, text, 0)) / 1000


class Watching:
    """A reader that notices whether a query looked at a native histogram."""

    def __init__(self):
        self.floats = MemoryReader()
        self.native = set()
        self.looked_at_native = False

    def select(self, matchers, start_ms, end_ms):
        for labels in self.native:
            values = dict(labels)
            if all(matcher.accepts(values.get(matcher.name, "")) for matcher in matchers):
                self.looked_at_native = True
        return self.floats.select(matchers, start_ms, end_ms)


@dataclass
class Case:
    """One evaluation and what it should give."""

    file: str
    line: int
    query: str
    start: float
    end: float | None
    step: float
    mode: str
    expected: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        moment = f"{self.start:g}s" if self.end is None else f"{self.start:g}s..{self.end:g}s/{self.step:g}s"
        return f"{self.file}: {' '.join(self.query.split())} @ {moment}"


@dataclass(frozen=True)
class Outcome:
    """What became of a case: ``passed``, ``native`` (left out) or ``failed``, with the cause."""

    case: Case
    verdict: str
    cause: str = ""


def blocks(text: str):
    """Give commands with the lines that belong to them."""
    current: list[tuple[int, str]] = []
    for number, line in enumerate(text.splitlines(), 1):
        bare = line.strip()
        if not bare or bare.startswith("#"):
            if not bare and current:
                yield current
                current = []
            continue
        if re.match(r"(load|eval|clear)", bare) and not line[:1].isspace():
            if current:
                yield current
            current = []
        current.append((number, line))
    if current:
        yield current


def run_file(path: Path) -> list[Outcome]:
    """Run one file from its first line to its last."""
    reader, outcomes = Watching(), []
    for block in blocks(path.read_text()):
        number, head = block[0]
        head = head.strip()
        lines = [line.strip() for _, line in block[1:]]
        if head == "clear":
            reader = Watching()
        elif head.startswith("load"):
            load(reader, head, lines)
        else:
            outcomes.append(evaluate(reader, case_of(path.stem, number, head, lines)))
    return outcomes


def load(reader: Watching, head: str, lines: list[str]) -> None:
    command, interval = head.split()
    for line in lines:
        if "{{" in line:
            reader.native.add(labels_from(line[: line.index("{{")]))
            continue
        add_series(reader.floats, line, round(seconds(interval) * 1000))
        if command == "load_with_nhcb":
            labels = dict(parse_series(line)[0])
            if labels["__name__"].endswith("_bucket") and labels.pop("le", ""):
                labels["__name__"] = labels["__name__"].removesuffix("_bucket")
                reader.native.add(tuple(sorted(labels.items())))


def case_of(file: str, number: int, head: str, lines: list[str]) -> Case:
    match = EVAL.fullmatch(head)
    assert match, f"{file}:{number}: not understood: {head}"
    start = seconds(match["at"] or match["start"])
    end = seconds(match["end"]) if match["end"] else None
    step = seconds(match["step"]) if match["step"] else 1.0
    return Case(file, number, match["query"], start, end, step, match["mode"] or "", lines)


def evaluate(reader: Watching, case: Case) -> Outcome:
    reader.looked_at_native = False
    if any("{{" in line for line in case.expected) or case.query.startswith(NATIVE_FUNCTIONS):
        return Outcome(case, "native")
    engine = Engine(reader, experimental=True, delayed_names=True)
    try:
        if case.end is None:
            answer = engine.query(case.query, case.start)
        else:
            answer = engine.query_range(case.query, case.start, case.end, case.step)
    except QueryFailed as failed:
        cause = failure_differs(case, failed)
    else:
        cause = answer_differs(case, answer)
    if reader.looked_at_native:
        return Outcome(case, "native")
    return Outcome(case, "failed" if cause else "passed", cause)


def wanted(case: Case, word: str) -> list[str]:
    return [line.split(None, 1)[1] for line in case.expected if re.match(rf"expect {word}\b", line)]


def failure_differs(case: Case, failed: QueryFailed) -> str:
    expectations = wanted(case, "fail")
    if not expectations and case.mode != "_fail":
        return f"failed: {failed}"
    for text in expectations:
        if " msg: " in text and failed.message != text.split(" msg: ", 1)[1].strip():
            return f"another message: {failed.message}"
        if " regex: " in text and not re.search(text.split(" regex: ", 1)[1].strip(), failed.message):
            return f"another message: {failed.message}"
    return ""


def answer_differs(case: Case, answer) -> str:
    if wanted(case, "fail") or case.mode == "_fail":
        return f"should have failed, gave {answer.value}"
    return notes_differ(case, answer) or value_differs(case, answer)


def notes_differ(case: Case, answer) -> str:
    for word, notes in (("warn", answer.warnings), ("info", answer.infos)):
        if wanted(case, f"no_{word}") and notes:
            return f"unexpected: {notes}"
        for text in wanted(case, word):
            if " msg: " in text:
                if text.split(" msg: ", 1)[1].strip() not in notes:
                    return f"not among {notes}: {text}"
            elif " regex: " in text:
                if not any(re.search(text.split(" regex: ", 1)[1].strip(), note) for note in notes):
                    return f"not among {notes}: {text}"
            elif not notes:
                return f"expected {word}"
    return ""


def value_differs(case: Case, answer) -> str:
    lines = [line for line in case.expected if not line.startswith("expect ")]
    value = answer.value
    if isinstance(value, String):
        text = wanted(case, "string")[0].split(None, 1)[1]
        return "" if value.value == unquoted(text, Token(TokenKind.STRING, text, 0)) else f"gave {value.value!r}"
    if isinstance(value, Scalar):
        return "" if near(float(lines[0]), value.value) else f"gave {value.value}"
    if isinstance(value, Matrix | Grid):
        differs = matrix_differs if isinstance(value, Matrix) else grid_differs
        return differs(case, value, lines)
    return vector_differs(case, value, lines)


def vector_differs(case: Case, value, lines: list[str]) -> str:
    found = dict(zip(value.labels, value.values.tolist(), strict=True))
    expected = {}
    for line in lines:
        labels, numbers, values = parse_series(line)
        expected[labels] = values[0]
        assert numbers.tolist() == [0]
    if (case.mode == "_ordered" or wanted(case, "ordered")) and list(found) != list(expected):
        return f"in the order {list(found)}"
    if set(found) != set(expected):
        return f"series {sorted(found)}, expected {sorted(expected)}"
    return next((f"{k}: {found[k]}, not {v}" for k, v in expected.items() if not near(v, found[k])), "")


def same_samples(expected: dict, found: dict) -> str:
    """Compare {labels: {moment: value}}."""
    if set(found) != set(expected):
        return f"series {sorted(found)}, expected {sorted(expected)}"
    for labels, samples in expected.items():
        if list(samples) != list(found[labels]):
            return f"{labels}: values at {list(found[labels])}, expected {list(samples)}"
        for moment, value in samples.items():
            if not near(value, found[labels][moment]):
                return f"{labels} at {moment}: {found[labels][moment]}, not {value}"
    return ""


def expected_samples(lines: list[str], start: float, step: float) -> dict:
    expected = {}
    for line in lines:
        labels, numbers, values = parse_series(line)
        moments = [round((start + number * step) * 1000) for number in numbers.tolist()]
        expected[labels] = dict(zip(moments, values.tolist(), strict=True))
    return expected


def grid_differs(case: Case, grid: Grid, lines: list[str]) -> str:
    found = {labels: dict(zip(t.tolist(), v.tolist(), strict=True)) for labels, t, v in grid.series()}
    return same_samples(expected_samples(lines, case.start, case.step), found)


def matrix_differs(case: Case, matrix: Matrix, lines: list[str]) -> str:
    given = RANGE_VECTOR.search(wanted(case, "range vector")[0])
    assert given
    rows = zip(matrix.labels, matrix.timestamps, matrix.values, strict=True)
    found = {labels: dict(zip(t.tolist(), v.tolist(), strict=True)) for labels, t, v in rows}
    return same_samples(expected_samples(lines, seconds(given["start"]), seconds(given["step"])), found)


def near(a: float, b: float) -> bool:
    """Compare as Prometheus's tests do: equal to six digits in a million (1e-6), NaN like NaN."""
    if math.isnan(a) or math.isnan(b):
        return math.isnan(a) and math.isnan(b)
    return a == b or abs(a - b) <= 1e-6 * max(abs(a), abs(b)) or abs(a - b) < 1e-300


@pytest.fixture(scope="session")
def upstream() -> Path:
    """Folder of Prometheus's own test files; skips, saying so, where it is absent."""
    folder = Path(os.environ.get("MONITOR_SHARED") or ROOT.parent / "shared") / "promqltest"
    if not folder.is_dir():
        pytest.skip(f"no test files of Prometheus at {folder} (set MONITOR_SHARED)")
    return folder


@pytest.fixture(scope="session")
def run_promql_file():
    """Give the function that runs one file."""
    return run_file


@pytest.fixture(scope="session")
def upstream_outcomes(upstream) -> list[Outcome]:
    """Everything that Prometheus's own files ask, answered."""
    return [outcome for path in sorted(upstream.glob("*.test")) for outcome in run_file(path)]


def load_text(text: str) -> MemoryReader:
    """Put series written down, under lines ``load 15s``, into a reader."""
    reader, interval = MemoryReader(), 0
    for line in filter(None, map(str.strip, text.splitlines())):
        if line.startswith("load"):
            interval = round(seconds(line.split()[1]) * 1000)
        else:
            add_series(reader, line, interval)
    return reader


@pytest.fixture
def loaded():
    """Give the function that turns written series into a reader."""
    return load_text
