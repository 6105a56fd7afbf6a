"""What a line of a log costs, beside other ways of writing it.

``python tests/benchmarks/bench_logging.py [--lines N] [--write]``. CPU time of the process, system included; the ways
take turns, and the best round of each counts: what else the machine does makes rounds slower, never faster.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import logging
import multiprocessing
import os
import platform
import re
import sys
import tempfile
import time
from datetime import UTC, datetime
from logging.handlers import TimedRotatingFileHandler
from pathlib import Path

from concurrent_log_handler import ConcurrentTimedRotatingFileHandler
from pythonjsonlogger.json import JsonFormatter

from monitor_core.audit.chain import canonical_json
from monitor_core.audit.lines import chained, verify_lines
from monitor_core.logs import JSONFormatter, get_logger_with_context, log_prediction_audit, scope, setup_logging
from monitor_core.logs.audit_check import check_audit
from monitor_core.logs.compression import compress
from monitor_core.logs.seals import seal_days
from monitor_core.logs.writer import DailyFileHandler

DOCUMENT = Path(__file__).resolve().parent.parent.parent / "docs" / "benchmarks.md"
BEGIN, END = "<!-- logging: begin -->", "<!-- logging: end -->"
CONTEXT = {"bse_code": "500325", "prediction_date": "2025-11-14", "endpoint": "/api/v1/predict", "latency_ms": 12.5}
TEXT = "%(asctime)s %(levelname)s %(name)s %(message)s"
AUDITED = {
    "bse_code": "500325", "level": "INFO", "logger": "audit", "message": "prediction", "model_version": "1.0.0",
    "predicted_label": 1, "prediction_date": "2025-11-14", "probability": 0.85, "trace_id": "4bf92f3577b34da6",
    "timestamp": "2025-11-14T10:30:00.123Z", "user_id": None,
}  # fmt: skip
EXTRA = {"context": CONTEXT, "trace_id": "a1b2c3d4-e5f6-7890-abcd-ef1234567890"}


def attached(handler, formatter):
    handler.setFormatter(formatter)
    log = logging.getLogger("bench")
    log.handlers, log.propagate = [handler], False
    log.setLevel(logging.INFO)
    return lambda number: log.info("Prediction for %s done", number, extra=EXTRA)


def plain(folder):
    return attached(logging.FileHandler(folder / "app.log"), logging.Formatter(TEXT))


def json_logger(folder):
    return attached(logging.FileHandler(folder / "app.log"), JsonFormatter(TEXT))


def timed(folder):
    return attached(TimedRotatingFileHandler(folder / "app.log", "midnight", utc=True), JsonFormatter(TEXT))


def concurrent(folder):
    handler = ConcurrentTimedRotatingFileHandler(
        folder / "app.log", "midnight", utc=True, maxBytes=10**8, use_gzip=True
    )
    return attached(handler, JsonFormatter(TEXT))


def our_formatter(folder):
    return attached(logging.FileHandler(folder / "app.log"), JSONFormatter())


def our_file(folder):
    return attached(DailyFileHandler(folder / "app.log"), JSONFormatter())


def our_file_no_redaction(folder):
    return attached(DailyFileHandler(folder / "app.log"), JSONFormatter(redaction=False))


def our_setup(folder):
    setup_logging(log_dir=folder, stdout=False)
    log = get_logger_with_context("service", EXTRA["trace_id"], CONTEXT)
    return lambda number: log.info("Prediction for %s done", number)


def our_setup_stdout(folder):
    setup_logging(log_dir=folder)
    log = get_logger_with_context("service", EXTRA["trace_id"], CONTEXT)
    return lambda number: log.info("Prediction for %s done", number)


def our_bound(folder):
    setup_logging(log_dir=folder, stdout=False)
    log = logging.getLogger("service")

    def write(number):
        with scope(EXTRA["trace_id"], **CONTEXT):
            log.info("Prediction for %s done", number)

    return write


def our_secret(folder):
    setup_logging(log_dir=folder, stdout=False)
    log = get_logger_with_context("service", EXTRA["trace_id"], CONTEXT)
    return lambda number: log.info("Login of ann@example.org with token=%s", f"abc{number}defghij")


def our_audit(folder):
    setup_logging(log_dir=folder, stdout=False)
    return lambda _: log_prediction_audit("500325", "2025-11-14", 1, 0.85, "1.0.0", EXTRA["trace_id"], "ann")


def filtered(folder):
    setup_logging(log_dir=folder, stdout=False)
    log = get_logger_with_context("service", EXTRA["trace_id"], CONTEXT)
    return lambda number: log.debug("Prediction for %s done", number)


WAYS = {
    "`logging`, text, one file": plain,
    "python-json-logger, one file": json_logger,
    "the same with `TimedRotatingFileHandler` (loses lines with several processes)": timed,
    "the same with concurrent-log-handler, by time and size": concurrent,
    "**ours**, formatter alone, one file": our_formatter,
    "**ours**, formatter and file": our_file,
    "**ours**, the same without redaction": our_file_no_redaction,
    "**ours**, `setup_logging`, logger with context": our_setup,
    "**ours**, the same and standard output": our_setup_stdout,
    "**ours**, trace and context bound for each line": our_bound,
    "**ours**, a line with something to hide": our_secret,
    "**ours**, `log_prediction_audit`": our_audit,
    "**ours**, a DEBUG line that is not written": filtered,
}


def measure(make, lines: int) -> float:
    """Return microseconds of CPU a line."""
    with tempfile.TemporaryDirectory() as folder, open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):  # noqa: PTH123
        write = make(Path(folder))
        for number in range(200):
            write(number)
        started = time.process_time()
        for number in range(lines):
            write(number)
        took = time.process_time() - started
        setup_logging(log_dir=folder, stdout=False)
        for log in (logging.getLogger(), logging.getLogger("audit"), logging.getLogger("bench")):
            for handler in list(log.handlers):
                log.removeHandler(handler)
                handler.close()
                if isinstance(handler, DailyFileHandler):
                    handler.wait()
    return took / lines * 1e6


def work(folder: Path, lines: int, barrier, results) -> None:
    """Write as one of several processes."""
    write = our_setup(folder)
    barrier.wait()
    started, cpu = time.perf_counter(), time.process_time()
    for number in range(lines):
        write(number)
    results.put((time.perf_counter() - started, (time.process_time() - cpu) / lines * 1e6))


def together(processes: int, lines: int) -> tuple[float, float]:
    """Return CPU microseconds a line and lines a second of several processes with one folder."""
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as folder:
        barrier, results = context.Barrier(processes), context.Queue()
        workers = [context.Process(target=work, args=(Path(folder), lines, barrier, results)) for _ in range(processes)]
        for worker in workers:
            worker.start()
        found = [results.get(timeout=120) for _ in workers]
        for worker in workers:
            worker.join()
    return sum(cpu for _, cpu in found) / processes, processes * lines / max(wall for wall, _ in found)


def trail(records: int) -> tuple[float, float]:
    """Return records a CPU-second that the chain's check and a folder's check (files, seals, roots) read."""
    content = canonical_json(AUDITED)
    last, lines = None, []
    for _ in range(records):
        line, sequence, digest = chained(content, last)
        lines.append(line + b"\n")
        last = sequence, digest
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "audit.log.2025-11-14").write_bytes(b"".join(lines[: records // 2]))
        (folder / "audit.log").write_bytes(b"".join(lines[records // 2 :]))
        compress(folder / "audit.log.2025-11-14")
        seal_days(folder, today="2025-11-15")
        started = time.process_time()
        assert verify_lines(lines).broken is None
        chain = time.process_time() - started
        started = time.process_time()
        assert not check_audit(folder).broken
        return records / chain, records / (time.process_time() - started)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lines", type=int, default=5_000, help="lines a round")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of each way")
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks.md")
    options = parser.parse_args()
    best = dict.fromkeys(WAYS, float("inf"))
    for _ in range(options.rounds):
        for name, make in WAYS.items():
            best[name] = min(best[name], measure(make, options.lines))
    out = io.StringIO()
    load = os.getloadavg()[0]
    print(
        f"Measured {datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {os.cpu_count()} cores, "
        f"load {load:.0f}; best of {options.rounds} rounds of {options.lines:,} lines each, taking turns.\n\n"
        "| way | CPU a line, µs |\n|---|---|",
        file=out,
    )
    for name, microseconds in best.items():
        print(f"| {name} | {microseconds:.1f} |", file=out)
    for processes in (1, 4):
        cpu, rate = together(processes, options.lines)
        many = f"{processes} process{'es' * (processes > 1)}"
        print(f"| **ours**, {many} on one folder, {rate:,.0f} lines a second together | {cpu:.1f} |", file=out)
    chain, folder = (max(found) for found in zip(*(trail(200_000) for _ in range(3)), strict=True))
    print(
        f"\nThe audit trail of 200,000 records ({len(canonical_json(AUDITED)) + 180} bytes each), records a CPU-second:"
        f" {chain:,.0f} by `verify_lines` (goal 200,000); {folder:,.0f} by `audit verify --logs`, half of them"
        " compressed, with seals and Merkle roots. Writing one: see `log_prediction_audit` above (goal 100 µs).",
        file=out,
    )
    print(out.getvalue())
    if options.write:
        text = DOCUMENT.read_text(encoding="utf-8")
        written = re.sub(f"{BEGIN}.*?{END}", lambda _: f"{BEGIN}\n{out.getvalue()}{END}", text, flags=re.DOTALL)
        DOCUMENT.write_text(written, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
