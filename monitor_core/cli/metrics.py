"""`metrics`: what is scraped, what PromQL answers, and the move to a Prometheus."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor_core.cli.edge import SOURCE_DOWN
from monitor_core.cli.output import show, table
from monitor_core.cli.session import AsJson, load_settings
from monitor_core.errors import Conflict, InvalidInput

if TYPE_CHECKING:
    from monitor_core.metrics.promql.results import Value
    from monitor_core.metrics.sources import MetricsSource

app = typer.Typer(help="Metrics of services.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def targets(*, as_json: AsJson = False) -> None:
    """List what is scraped, and how the latest scrape went; exit with 3 when the source does not answer."""
    source = _source()
    health = source.health()
    found = source.targets() if health.is_up or source.kind == "embedded" else ()
    rows = [
        [state.health, state.job, state.instance, _ago(state.scraped_at), f"{state.samples:,}", state.error]
        for state in found
    ]
    head = ["state", "job", "instance", "scraped", "samples", "why"]
    text = "\n".join([f"{source.name}: {health.message}", "", table(rows, head, empty="no targets")])
    show({"source": source.name, "health": health, "targets": found}, text, as_json=as_json)
    if not health.is_up:
        raise typer.Exit(SOURCE_DOWN)


@app.command()
def query(
    text: Annotated[str, typer.Argument(metavar="PROMQL", help="For example: sum(rate(api_requests_total[5m]))")],
    *,
    as_json: AsJson = False,
) -> None:
    """Answer a PromQL query now."""
    answer = _source().query(text, time.time())
    rows = _rows(answer.value)
    notes = [*answer.warnings, *answer.infos]
    lines = [table(rows, ["series", "value"], empty="no series"), *(["", *notes] if notes else [])]
    show(
        {"series": [{"series": name, "value": value} for name, value in rows], "notes": notes},
        "\n".join(lines),
        as_json=as_json,
    )


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(help="A folder that does not exist yet.")],
    *,
    days: Annotated[float, typer.Option(min=0.01, help="How far back.", show_default="everything")] = 10_000.0,
    as_json: AsJson = False,
) -> None:
    """Write what moves everything to a Prometheus: prometheus.yml and the samples as OpenMetrics."""
    from monitor_core.metrics.scrape.scraping import all_targets  # noqa: PLC0415 - heavy; only this command needs it
    from monitor_core.metrics.store.backfill import openmetrics, prometheus_yml  # noqa: PLC0415 - as above
    from monitor_core.metrics.store.database import FILE  # noqa: PLC0415 - as above
    from monitor_core.metrics.store.reader import StoreReader  # noqa: PLC0415 - as above

    settings = load_settings()
    if settings.metrics.prometheus_url:
        raise InvalidInput("a server is asked already (metrics.prometheus_url)", hint="there is nothing to move")
    try:
        folder.mkdir(parents=True, mode=0o700)
    except FileExistsError:
        raise Conflict(f"{folder} exists already", hint="name a folder that does not") from None
    end = time.time()
    reader = StoreReader(settings.data_dir / FILE)
    samples = 0
    with _private(folder / "samples.om") as file:
        for piece in openmetrics(reader, round((end - days * 86_400) * 1000), round(end * 1000)):
            samples += piece.count("\n")
            file.write(piece)
    reader.close()
    with _private(folder / "prometheus.yml") as file:
        file.write(prometheus_yml(all_targets(settings), settings.metrics))
    written = {"samples": samples - 1, "folder": folder}
    lines = [
        f"wrote {samples - 1:,} samples and prometheus.yml to {folder}",
        "next, beside Prometheus:",
        f"  promtool tsdb create-blocks-from openmetrics {folder / 'samples.om'} <its data folder>",
        "  python -m monitor_core dashboards write <folder>, for rules.yml",
        "then set metrics.prometheus_url",
    ]
    show(written, "\n".join(lines), as_json=as_json)


def _private(path: Path) -> Any:
    """Open a new file that only its owner may read: addresses may hold passwords."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8")


def _source() -> MetricsSource:
    from monitor_core import clock  # noqa: PLC0415 - as above
    from monitor_core.metrics.sources import open_source  # noqa: PLC0415 - as above

    return open_source(load_settings(), clock.now)


def _ago(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S") if at else "never"


def _rows(value: Value) -> list[list[Any]]:
    from monitor_core.metrics.promql import Matrix, Scalar, String, Vector  # noqa: PLC0415 - as above
    from monitor_core.metrics.store.backfill import sample_head  # noqa: PLC0415 - as above

    match value:
        case Scalar() | String():
            return [["", value.value]]
        case Vector():
            return [
                [sample_head(labels), number]
                for labels, number in zip(value.labels, value.values.tolist(), strict=True)
            ]
        case Matrix():
            return [
                [sample_head(labels), f"{number} @ {at / 1000}"]
                for labels, stamps, values in zip(value.labels, value.timestamps, value.values, strict=True)
                for at, number in zip(stamps.tolist(), values.tolist(), strict=True)
            ]
    return []
