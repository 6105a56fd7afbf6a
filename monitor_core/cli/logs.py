"""`logs`: search log files, and keep their index up to date."""

from __future__ import annotations

import shutil
import sys
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer

from monitor_core import clock
from monitor_core.cli.following import Line
from monitor_core.cli.output import print_json, show, table
from monitor_core.cli.session import AsJson, Yes, confirm, load_settings, opened
from monitor_core.errors import Conflict, InvalidInput, InvalidSetting
from monitor_core.jobs.lease import Leases
from monitor_core.jobs.owner import this_process
from monitor_core.logs.index.export import csv_lines, json_lines, moment_text, record
from monitor_core.logs.ingest.ingester import Ingester, Round
from monitor_core.logs.query.fields import level_name
from monitor_core.logs.query.moments import span
from monitor_core.logs.query.tree import Timeline, Top
from monitor_core.logs.query.visible import visible
from monitor_core.logs.search import LogService, Times

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from monitor_core.logs.index.answers import Facet, Histogram, LogAnswer, Reach
    from monitor_core.logs.query.rows import LogRow
    from monitor_core.logs.query.tree import Query
    from monitor_core.settings import Settings

app = typer.Typer(help="Log files: search them, index them.", no_args_is_help=True, rich_markup_mode=None)

INGESTER = "ingester"
"""The name of the lease of the process that reads log files."""

_COLOURS = ((40, "31"), (30, "33"), (20, "36"), (0, "2"))
_FORMATS = ("text", "ndjson", "csv")

Folders = Annotated[
    list[Path] | None, typer.Argument(metavar="[FOLDER]...", help="Folders of log files.", show_default="logs.folders")
]


@app.command()
def search(
    query: Annotated[
        str, typer.Argument(help="What to look for, as: timeout level>=WARNING context.ticker:AAPL.")
    ] = "",
    *,
    first: Annotated[
        str | None, typer.Option("--from", help="Earliest time: 2026-11-21, now-2h.", show_default="all")
    ] = None,
    last: Annotated[str | None, typer.Option("--to", help="Latest time, included.", show_default="all")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000_000)] = 50,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on showing lines as they come.")] = False,
    form: Annotated[str, typer.Option("--format", help=f"One of {', '.join(_FORMATS)}.")] = "text",
    as_json: AsJson = False,
) -> None:
    """Search log lines; the latest last."""
    if form not in _FORMATS:
        raise InvalidInput(f"--format {form!r} is not known", hint=", ".join(_FORMATS))
    settings = load_settings()
    service = LogService(_root(settings), settings.logs, clock.now)
    parsed = service.parse(query)
    times = _times(first, last)
    if isinstance(parsed.stage, Top):
        _show_facet(service.facet(parsed, parsed.stage.field, times=times, top=parsed.stage.count), as_json=as_json)
        return
    if isinstance(parsed.stage, Timeline):
        found = service.histogram(
            parsed, times=times, step_seconds=parsed.stage.step_seconds, by=parsed.stage.by or "level"
        )
        _show_histogram(found, parsed, as_json=as_json)
        return
    following = service.follow(parsed, is_over=lambda: False) if follow else None
    _show_rows(service.search(parsed, times=times, limit=limit), form, as_json=as_json, is_followed=follow)
    if following is not None:
        _follow(following, form, as_json=as_json)


@app.command()
def ingest(
    folders: Folders = None,
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on reading lines as they are written.")] = False,
    as_json: AsJson = False,
) -> None:
    """Read log files into the index, from where the last time ended."""
    with _owned(folders) as (ingester, may_work):
        if follow:
            ingester.run(stop=lambda: False, may_work=may_work)
            return
        found = _caught_up(ingester)
    _show_round(found, as_json=as_json)


@app.command()
def reindex(folders: Folders = None, *, yes: Yes = False, as_json: AsJson = False) -> None:
    """Drop the index and build it anew from the files that are there."""
    root = _root(load_settings())
    confirm(f"Drop the index in {root}? Lines of files that are gone cannot be searched any more.", yes=yes)
    with _owned(folders, drop=True) as (ingester, _):
        found = _caught_up(ingester)
    _show_round(found, as_json=as_json)


def _root(settings: Settings) -> Path:
    return settings.data_dir / "logs"


@contextmanager
def _owned(folders: list[Path] | None, *, drop: bool = False) -> Iterator[tuple[Ingester, Callable[[], bool]]]:
    """Open the ingester while holding its lease."""
    with opened() as services:
        settings = services.settings
        wanted = folders or [Path(part.strip()) for part in settings.logs.folders.split(",") if part.strip()]
        if not wanted:
            raise InvalidInput(
                "no folder of log files is given", hint="logs ingest FOLDER, or the setting logs.folders"
            )
        leases, owner = Leases(services.engine, services.now), this_process()
        if not leases.acquire(INGESTER, owner):
            raise Conflict("another process reads the log files", hint="it does so while the app runs")
        try:
            if drop:
                shutil.rmtree(_root(settings), ignore_errors=True)
            ingester = Ingester(_root(settings), wanted, settings.logs, services.now, zone=_zone(settings))
            yield ingester, lambda: leases.renew(INGESTER, owner)
            ingester.close()
        finally:
            leases.release(INGESTER, owner)


def _zone(settings: Settings) -> ZoneInfo:
    try:
        return ZoneInfo(settings.logs.zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise InvalidSetting(f"setting 'logs.zone': {settings.logs.zone!r} is no time zone") from error


def _caught_up(ingester: Ingester) -> Round:
    line = Line()
    try:
        return ingester.catch_up(lambda found: line(0.0, f"{found.n_lines:,} lines"))
    finally:
        line.end()


def _show_round(found: Round, *, as_json: bool) -> None:
    lines = [f"{found.n_lines:,} new lines", *(f"{name}: {words}" for name, words in found.problems.items())]
    show({"lines": found.n_lines, "problems": found.problems}, visible("\n".join(lines), keep="\n"), as_json=as_json)


def _times(first: str | None, last: str | None) -> Times:
    now = clock.now()
    found = []
    for name, text in (("--from", first), ("--to", last)):
        covered = None if text is None else span(text, now)
        if text is not None and covered is None:
            raise InvalidInput(f"{name} {text!r} is no time", hint="2026-11-21, 2026-11-21T10:30, now-2h, today")
        found.append(covered)
    low, high = found
    everything = Times()
    return Times(low[0] if low else everything.first, high[1] if high else everything.last)


def _show_rows(answer: LogAnswer, form: str, *, as_json: bool, is_followed: bool) -> None:
    rows = answer.rows[::-1]
    if as_json and not is_followed:
        data = {"count": answer.count, "exact": answer.is_exact, "partial": answer.reach.is_partial}
        print_json({**data, "notes": answer.reach.notes, "rows": [record(row) for row in rows]})
        return
    _write(rows, "ndjson" if as_json else form)
    sys.stderr.write(f"{answer.counted} lines{_reached(answer.reach)}\n")


def _reached(reach: Reach) -> str:
    partial = "; the time for a search was over: the answer is partial" if reach.is_partial else ""
    return partial + "".join(f"; {visible(note)}" for note in reach.notes)


def _follow(following: Iterator[tuple[LogRow, ...]], form: str, *, as_json: bool) -> None:
    for rows in following:
        _write(rows, "ndjson" if as_json else form)
        sys.stdout.flush()


def _write(rows: tuple[LogRow, ...], form: str) -> None:
    if form == "csv":
        sys.stdout.writelines(csv_lines(rows))
    elif form == "ndjson":
        sys.stdout.writelines(json_lines(rows))
    else:
        is_coloured = sys.stdout.isatty()
        sys.stdout.writelines(_text(row, is_coloured=is_coloured) + "\n" for row in rows)


def _text(row: LogRow, *, is_coloured: bool) -> str:
    level = level_name(row.level)
    if is_coloured and level:
        colour = next(code for least, code in _COLOURS if row.level >= least)
        level = f"\x1b[{colour}m{level:<8}\x1b[0m"
    else:
        level = f"{level:<8}"
    context = " ".join(f"{name}={value}" for name, value in row.context)
    head = " ".join(part for part in (visible(row.logger), visible(row.message), visible(context)) if part)
    trace = "".join(f"\n    {visible(line)}" for line in row.exception.splitlines())
    return f"{moment_text(row.ts)} {level} {head}{trace}"


def _show_facet(found: Facet, *, as_json: bool) -> None:
    rows = [[_named(found.field, value), count] for value, count in found.values]
    text = table(rows, [found.field, "lines"], empty="no line has it")
    if found.n_other:
        text += f"\n{found.n_other:,} lines have other values"
    show(asdict(found), text, as_json=as_json)
    sys.stderr.write(_reached(found.reach).removeprefix("; ") + "\n" if _reached(found.reach) else "")


def _show_histogram(found: Histogram, query: Query, *, as_json: bool) -> None:
    by = (query.stage.by if isinstance(query.stage, Timeline) else None) or ""
    names = [str(_named(by or "level", value)) for value in found.values] if by else ["lines"]
    columns = found.counts if by else found.counts.sum(axis=0, keepdims=True)
    times = [moment_text(found.start + i * found.step) for i in range(columns.shape[1])]
    rows: list[list[Any]] = [
        [at, *map(int, column)] for at, column in zip(times, columns.T, strict=True) if column.any()
    ]
    data = {
        "step_seconds": found.step // 1_000_000,
        "steps": [dict(zip(["time", *names], row, strict=True)) for row in rows],
    }
    show({**data, "partial": found.reach.is_partial}, table(rows, ["time", *names], empty="no lines"), as_json=as_json)


def _named(field: str, value: Any) -> Any:
    if field == "level" and isinstance(value, int):
        return level_name(value) or "(none)"
    return value if value != "" else "(none)"
