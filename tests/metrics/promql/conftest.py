"""A runner for the files of Prometheus's own tests: load, clear, eval, expect.

Native histograms are not read: series that hold them are only remembered, so that an evaluation that looks at one can
be told apart and left out.
"""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import socket
import struct
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import numpy as np
import pytest

from monitor_core.metrics.promql import STALE, Engine, Grid, Matrix, MemoryReader, QueryFailed, Scalar, String
from monitor_core.metrics.promql.lexer import Token, TokenKind, duration_ms, unquoted
from monitor_core.metrics.promql.notation import add_series, labels_from, parse_series
from monitor_core.metrics.promql.reader import labels_of

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


# -- a real server -----------------------------------------------------------------------------------------------------

BASE = 1_700_000_000
"""Seconds since 1970 of the first sample sent to the real server."""
HOURS = 2


def remote_write_body(series) -> bytes:
    """Encode samples as Prometheus's remote write does: protobuf, in a snappy block of literals."""

    def varint(number: int) -> bytes:
        out = bytearray()
        number &= (1 << 64) - 1
        while number > 127:
            out.append(number & 127 | 128)
            number >>= 7
        return bytes([*out, number])

    def piece(field_number: int, body: bytes) -> bytes:
        return varint(field_number << 3 | 2) + varint(len(body)) + body

    message = bytearray()
    for labels, timestamps, values in series:
        body = b"".join(piece(1, piece(1, name.encode()) + piece(2, value.encode())) for name, value in labels)
        for moment, value in zip(timestamps.tolist(), values.tolist(), strict=True):
            body += piece(2, b"\x09" + struct.pack("<d", value) + b"\x10" + varint(moment))
        message += piece(1, body)
    block = bytearray(varint(len(message)))
    for begin in range(0, len(message), 60_000):
        literal = message[begin : begin + 60_000]
        block += bytes([61 << 2]) + struct.pack("<H", len(literal) - 1) + literal
    return bytes(block)


class RealServer:
    """Prometheus, with samples of ours in it."""

    def __init__(self, address: str) -> None:
        self.address = address

    def send(self, series) -> None:
        headers = {
            "Content-Encoding": "snappy",
            "Content-Type": "application/x-protobuf",
            "X-Prometheus-Remote-Write-Version": "0.1.0",
        }
        body = remote_write_body(series)
        urlopen(Request(f"{self.address}/api/v1/write", data=body, headers=headers), timeout=30).close()

    def ask(self, path: str, **parameters) -> dict:
        """Give the JSON of the answer, of a refusal too."""
        try:
            with urlopen(f"{self.address}/api/v1/{path}?{urlencode(parameters)}", timeout=60) as response:
                return json.load(response)
        except HTTPError as refused:
            with refused:
                return json.load(refused)


def written_samples() -> list:
    """Make series of every sort: counters with resets, gauges with gaps, NaN, infinities and ends, histograms."""
    random = np.random.default_rng(42)
    series = []

    def add(labels, interval, values, keep=None):
        stamps = BASE * 1000 + np.arange(len(values), dtype=np.int64) * interval + 37
        mask = np.ones(len(values), dtype=bool) if keep is None else keep
        series.append((labels_of(labels), stamps[mask], np.asarray(values, dtype=float)[mask]))

    def counter(count, scale):
        steps = random.poisson(scale, count).astype(float)
        total = np.cumsum(steps)
        for fall in random.choice(count, 2, replace=False):
            total[fall:] -= total[fall] - steps[fall]
        return np.abs(total)

    many = HOURS * 240
    for job in ("api", "worker"):
        for instance in ("a", "b", "c"):
            labels = {"job": job, "instance": instance}
            add({"__name__": "requests_total", **labels, "code": "200"}, 15_000, counter(many, 5))
            add({"__name__": "requests_total", **labels, "code": "500"}, 15_000, counter(many, 0.2))
            gauge = random.normal(20, 8, many)
            gauge[random.choice(many, 3)] = np.nan
            gauge[random.choice(many, 2)] = np.inf
            gauge[random.choice(many, 4)] = STALE
            add({"__name__": "temperature", **labels}, 15_000, gauge, random.random(many) > 0.1)
            add({"__name__": "info", **labels, "version": f"1.{ord(instance) % 3}"}, 60_000, np.ones(many // 4))
            totals = np.zeros(many // 2)
            for bound in ("0.1", "0.5", "1", "5", "+Inf"):
                totals = totals + np.cumsum(random.poisson(1.0, many // 2))
                add({"__name__": "duration_bucket", **labels, "le": bound}, 30_000, totals)
    add({"__name__": "rare"}, 700_000, np.arange(10.0))
    add({"__name__": "small", "text": 'größe \\ "q"'}, 15_000, random.integers(-2, 3, many))
    return series


@pytest.fixture(scope="session")
def sample_series():
    """Give the series that the real server holds."""
    return written_samples()


@pytest.fixture(scope="session")
def sample_reader(sample_series):
    """Give the same series in memory."""
    reader = MemoryReader()
    for labels, timestamps, values in sample_series:
        reader.add(dict(labels), timestamps, values)
    return reader


@pytest.fixture(scope="session")
def real_server(sample_series, tmp_path_factory):
    """Give a Prometheus that holds the sample series; for tests with the marker 'prometheus'."""
    folder = tmp_path_factory.mktemp("prometheus")
    (folder / "prometheus.yml").write_text("global: {scrape_interval: 1h, evaluation_interval: 1m}\n")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [shutil.which("prometheus"), f"--config.file={folder}/prometheus.yml"]
    command += [f"--storage.tsdb.path={folder}/data", "--storage.tsdb.retention.time=100y"]
    command += [f"--web.listen-address=127.0.0.1:{port}", "--web.enable-remote-write-receiver", "--log.level=error"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    server = RealServer(f"http://127.0.0.1:{port}")
    try:
        wait_until_ready(server.address)
        for begin in range(BASE * 1000, (BASE + HOURS * 3600) * 1000, 900_000):
            part = [
                (labels, t[w], v[w]) for labels, t, v in sample_series for w in [(t >= begin) & (t < begin + 900_000)]
            ]
            server.send(part)
        yield server
    finally:
        process.terminate()
        process.wait(timeout=30)


def wait_until_ready(address: str) -> None:
    for _ in range(300):
        try:
            urlopen(f"{address}/-/ready", timeout=5).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(f"{address} is not ready")


def served(answer: dict):
    """Bring a server's answer into {labels: {milliseconds: value}}, or None for a refusal."""
    if answer["status"] != "success":
        return None
    result, kind = answer["data"]["result"], answer["data"]["resultType"]
    if kind in {"scalar", "string"}:
        return {(): {round(result[0] * 1000): result[1] if kind == "string" else float(result[1])}}
    return {
        labels_of(one["metric"]): {
            round(moment * 1000): float(value) for moment, value in one.get("values", [one.get("value")])
        }
        for one in result
    }


def ours(call, *arguments):
    """Bring an answer of the engine into the same form."""
    try:
        value = call(*arguments).value
    except QueryFailed:
        return None
    if isinstance(value, Grid):
        return {labels: dict(zip(t.tolist(), v.tolist(), strict=True)) for labels, t, v in value.series()}
    if isinstance(value, Scalar | String):
        return {(): {value.timestamp: value.value}}
    if isinstance(value, Matrix):
        rows = zip(value.labels, value.timestamps, value.values, strict=True)
        return {labels: dict(zip(t.tolist(), v.tolist(), strict=True)) for labels, t, v in rows}
    return {
        labels: {value.timestamp: number} for labels, number in zip(value.labels, value.values.tolist(), strict=True)
    }


def equal(a, b) -> bool:
    if isinstance(a, str) or isinstance(b, str):
        return a == b
    if math.isnan(a) or math.isnan(b):
        return math.isnan(a) and math.isnan(b)
    return a == b or abs(a - b) <= 1e-9 * max(abs(a), abs(b)) + 1e-12


class Comparison:
    """Asks the real server and the engine, and compares point by point."""

    def __init__(self, server: RealServer, engine: Engine) -> None:
        self.server, self.engine = server, engine
        self.points = 0
        self.answered = 0

    def instant(self, query: str, moment: float) -> str:
        theirs = self.server.ask("query", query=query, time=moment)
        return self.compare(theirs, ours(self.engine.query, query, moment))

    def ranged(self, query: str, start: float, end: float, step: float) -> str:
        theirs = self.server.ask("query_range", query=query, start=start, end=end, step=step)
        return self.compare(theirs, ours(self.engine.query_range, query, start, end, step))

    def compare(self, answer: dict, found) -> str:
        """Say what differs, or nothing."""
        expected = served(answer)
        if expected is None or found is None:
            return "" if expected is found else f"theirs {answer if expected is None else 'answered'}, ours {found}"
        if set(expected) != set(found):
            return f"series {sorted(set(expected) ^ set(found))[:4]}"
        self.answered += 1
        for labels, samples in expected.items():
            if list(samples) != sorted(found[labels]):
                return f"{labels}: moments {sorted(set(samples) ^ set(found[labels]))[:6]}"
            for moment, value in samples.items():
                if not equal(value, found[labels][moment]):
                    return f"{labels} at {moment}: theirs {value!r}, ours {found[labels][moment]!r}"
            self.points += len(samples)
        return ""


@pytest.fixture
def comparison(real_server, sample_reader):
    """Give a comparison of a real Prometheus 2.42 with the engine in its way."""
    return Comparison(real_server, Engine(sample_reader, compat=2))
