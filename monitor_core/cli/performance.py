"""`performance`: how well a model does, what to do about it, and what it is held against."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor_core.cli.edge import FINDING
from monitor_core.cli.moments import AsOf
from monitor_core.cli.output import fields, show, table
from monitor_core.cli.performance_baseline import app as baseline
from monitor_core.cli.session import AsJson, ModelArgument, model_ref, opened
from monitor_core.errors import InvalidInput
from monitor_core.insight.advice import hash_of
from monitor_core.jobs.moments import read_moment
from monitor_core.jobs.performance_reporting import moment_of, usual_window
from monitor_core.jobs.performance_reporting import report as get_report
from monitor_core.reports.formats import FORMATS
from monitor_core.reports.json_values import json_values
from monitor_core.reports.performance_words import ACTIONS, interval, level, span, undefined

if TYPE_CHECKING:
    from monitor_core.performance.results import Comparison, WindowMetrics
    from monitor_core.runtime import Services
    from monitor_core.values import ModelRef

app = typer.Typer(
    help="Performance: how well a model does, and what to do about it.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(baseline, name="baseline")

Window = Annotated[
    int | None, typer.Option(min=1, help="Matured granules that are judged.", show_default="those of 30 days")
]
SegmentValue = Annotated[str, typer.Option(help="Only the rows with this value.", show_default="everything")]


class Urgency(StrEnum):
    """Advice from which a command exits with 1."""

    WATCH = "watch"
    RETRAIN = "retrain"
    ROLL_BACK = "roll_back"


@app.command("show")
def show_window(
    model: ModelArgument,
    *,
    window: Window = None,
    as_of: AsOf = None,
    segment: SegmentValue = "",
    as_json: AsJson = False,
) -> None:
    """Show every metric of the latest window whose labels are due, with its interval."""
    with opened() as services:
        ref = model_ref(services, model)
        at, word = (
            moment_of(services, read_moment(as_of, services.now())),
            services.models.get(ref.model_id).granularity.word,
        )
        granules = window or usual_window(services, ref)
        found = services.performance.window(ref, granules=granules, segment=segment, as_of=at)
    show(json_values(found), _window_text(found, word), as_json=as_json)


@app.command()
def report(
    model: ModelArgument,
    *,
    form: Annotated[str, typer.Option("--format", help=f"One of {', '.join(FORMATS)}.")] = "text",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write here.", show_default="stdout")] = None,
    window: Window = None,
    as_of: AsOf = None,
) -> None:
    """Write the report; for the same moment it is the same to the byte."""
    with opened() as services:
        content = get_report(
            services, model_ref(services, model), form, as_of=read_moment(as_of, services.now()), window=window
        )
    if output is None:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    try:
        output.write_bytes(content)
    except OSError as error:
        raise InvalidInput(f"{output} cannot be written: {error.strerror}") from None


@app.command()
def advise(
    model: ModelArgument,
    *,
    window: Window = None,
    as_of: AsOf = None,
    fail_on: Annotated[
        Urgency | None, typer.Option(help="Exit with 1 when this is advised, or more.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what to do about a version: keep, watch, retrain, roll back, or that the evidence is not enough."""
    with opened() as services:
        ref = model_ref(services, model)
        at, granules = moment_of(services, read_moment(as_of, services.now())), window or usual_window(services, ref)
        evidence, advice = services.advice.advice(ref, as_of=at, window=granules)
    digest = hash_of(evidence)
    lines = [ACTIONS[advice.action], *(f"- {reason}" for reason in advice.reasons)]
    lines += [f"- Missing: {item}" for item in advice.missing]
    lines += [f"To roll back, run: {advice.command}"] if advice.command else []
    show(json_values(advice) | {"evidence_sha256": digest}, "\n".join(lines), as_json=as_json)
    order = ["", *Urgency]
    if fail_on is not None and advice.action in order and order.index(advice.action) >= order.index(fail_on):
        raise typer.Exit(FINDING)


@app.command()
def compare(
    model: ModelArgument,
    other: Annotated[str, typer.Argument(metavar="VERSION", help="Another version of the model.")],
    *,
    window: Window = None,
    as_of: AsOf = None,
    as_json: AsJson = False,
) -> None:
    """Compare two versions: on the rows that both predicted, where there are any."""
    with opened() as services:
        ref = model_ref(services, model)
        found = _compared(services, ref, other, window, as_of)
        word = services.models.get(ref.model_id).granularity.word
    show(json_values(found), _comparison_text(found, word), as_json=as_json)


def _compared(services: Services, ref: ModelRef, other: str, window: int | None, as_of: str | None) -> Comparison:
    at, granules = moment_of(services, read_moment(as_of, services.now())), window or usual_window(services, ref)
    return services.performance.compare(
        ref, model_ref(services, f"{ref.model_id}:{other}").version, granules=granules, as_of=at
    )


def _window_text(found: WindowMetrics, word: str) -> str:
    head: dict[str, Any] = {
        "model": str(found.ref),
        "window": span(found.span, word),
        "as of": found.as_of,
        "labelled": f"{found.counts.labelled:,} of {found.due:,} due",
        "not due yet": found.immature,
        "state": found.state,
        "level by size": level(found.severity) if found.relative_drop is not None else None,
    }
    if found.segment:
        head["segment"] = found.segment
    if found.relative_drop is not None:
        head["F1 against baseline"] = f"{-found.relative_drop:+.1%}"
    for drop, share in found.probabilities.items():
        head["P(F1 fell)" if drop == 0 else f"P(F1 fell by more than {100 * drop:g} %)"] = f"{share:.3f}"
    rows = [[metric.name, undefined(metric), interval(metric), metric.n, metric.badge] for metric in found.metrics]
    notes = [f"note: {reason}" for reason in found.reasons]
    return "\n".join([fields(head), "", table(rows, ["metric", "value", "95 % interval", "cases", "note"]), *notes])


def _comparison_text(found: Comparison, word: str) -> str:
    rows = [
        [side.ref.version, span(side.span, word), undefined(f1), interval(f1), f1.n, side.counts.labelled]
        for side in (found.current, found.other)
        for f1 in [side.metric("f1")]
    ]
    head = {"method": found.method, "rows of both": sum(found.cells)}
    other = found.other.ref.version
    for drop, share in found.probabilities.items():
        head[f"P(lower than {other})" if drop == 0 else f"P(lower by more than {100 * drop:g} %)"] = f"{share:.3f}"
    columns = ["version", "granules", "F1", "95 % interval", "relevant", "labelled"]
    return "\n".join([fields(head), "", table(rows, columns)])
