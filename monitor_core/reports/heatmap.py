"""The heatmap of a report, features by granules, as inline SVG. Pure.

Neighbouring cells that look the same are one shape, so that a hundred features over a year stay well under a megabyte.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup

from monitor_core.drift.results import CellState
from monitor_core.drift.text import plain
from monitor_core.figures.granules import short_label
from monitor_core.reports.advice import STATUS
from monitor_core.reports.numbers import fixed
from monitor_core.reports.svg import rounded

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from monitor_core.drift.results import FeatureDrift
    from monitor_core.reports.document import Document, FeatureLine

__all__ = ["MOST_GRANULES", "heatmap"]

MOST_GRANULES = 366
"""Granules drawn, the latest ones; the tables hold all."""

_LABELS, _RIGHT, _ROW, _AXIS = 190, 26, 20, 22
_CELLS = 850
_MOST_TITLES = 4_000


def heatmap(document: Document, levels: Sequence[float]) -> Markup:
    """Draw one row a feature and one column a granule; `levels` are the PSI bounds moderate, high and critical."""
    labels = [line.granule for line in document.granules][-MOST_GRANULES:]
    if not labels or not document.features:
        return Markup("")
    cell = min(_CELLS / len(labels), 90.0)
    width, height = _LABELS + cell * len(labels) + _RIGHT, _ROW * len(document.features) + _AXIS
    rows = [list(_runs(line.history[-MOST_GRANULES:], levels)) for line in document.features]
    titled = sum(map(len, rows)) <= _MOST_TITLES
    parts = [
        _row(line, runs, labels, y=_ROW * place, cell=cell, titled=titled)
        for place, (line, runs) in enumerate(zip(document.features, rows, strict=True))
    ]
    parts += [_gaps(len(labels), len(document.features), cell), _axis(labels, cell, height)]
    size = f"{len(document.features)} features by {len(labels)} {document.granule_word}s"
    label = f"Heatmap of {size}; the table below has the figures"
    return Markup(
        '<svg class="heat" width="{}" height="{}" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>'
    ).format(rounded(width), height, rounded(width), height, label, Markup("").join(parts))


class _Run(NamedTuple):
    """Neighbouring cells of a row that look the same."""

    look: str
    start: int
    stop: int
    most: FeatureDrift | None
    """The result with the largest PSI among them."""


def _runs(history: Sequence[FeatureDrift | None], levels: Sequence[float]) -> Iterator[_Run]:
    for look, group in groupby(enumerate(history), key=lambda item: _look(item[1], levels)):
        members = list(group)
        most = max((drift for _, drift in members if drift), key=lambda drift: drift.psi or 0.0, default=None)
        yield _Run(look, members[0][0], members[-1][0] + 1, most)


def _look(drift: FeatureDrift | None, levels: Sequence[float]) -> str:
    """Return the class that colours a cell: by size where there is a finding, grey where there is none."""
    if drift is None:
        return "void"
    if drift.state in {CellState.UNDECIDED, CellState.ABSENT}:
        return drift.state
    size = sum((drift.psi or 0.0) >= level for level in levels)
    if drift.state is CellState.STABLE:
        return "n1" if size else "n0"
    return f"{'u' if drift.state is CellState.UNCONFIRMED else 'd'}{size}"


def _row(
    line: FeatureLine, runs: Sequence[_Run], labels: Sequence[str], *, y: int, cell: float, titled: bool
) -> Markup:
    """Draw a stable row first and what differs over it: with a title each, or, when there are many, a path a look."""
    name = Markup('<text class="tick" text-anchor="end" x="{}" y="{}">{}</text>').format(
        _LABELS - 8, y + 14, plain(line.name, limit=28)
    )
    ground = Markup('<rect class="n0" x="{}" y="{}" width="{}" height="{}"/>').format(
        _LABELS, y, rounded(cell * len(labels)), _ROW
    )
    told = [run for run in runs if run.look != "n0"]
    draw = _titled if titled else _grouped
    return name + ground + Markup("").join(draw(line, told, labels, y, cell))


def _titled(line: FeatureLine, runs: Sequence[_Run], labels: Sequence[str], y: int, cell: float) -> Iterator[Markup]:
    for run in runs:
        title = _title(line, run.most, labels[run.start : run.stop]) if run.most else "no result"
        yield Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>').format(
            run.look, rounded(_LABELS + run.start * cell), y, rounded((run.stop - run.start) * cell), _ROW, title
        )


def _grouped(line: FeatureLine, runs: Sequence[_Run], labels: Sequence[str], y: int, cell: float) -> Iterator[Markup]:
    del line, labels
    paths: dict[str, list[str]] = {}
    for run in runs:
        wide = rounded((run.stop - run.start) * cell)
        paths.setdefault(run.look, []).append(f"M{rounded(_LABELS + run.start * cell)} {y}h{wide}v{_ROW}h-{wide}z")
    for look, path in paths.items():
        yield Markup('<path class="{}" d="{}"/>').format(look, "".join(path))


def _title(line: FeatureLine, most: FeatureDrift, labels: Sequence[str]) -> str:
    span = labels[0] if len(labels) == 1 else f"{labels[0]} to {labels[-1]}"
    psi = f", PSI up to {fixed(most.psi)}" if most.psi is not None else ""
    return f"{plain(line.name)}, {span}: {STATUS[most.state].lower()}{psi}"


def _gaps(columns: int, rows: int, cell: float) -> Markup:
    """Draw the lines between cells; where cells are narrow only those between rows."""
    right, bottom = rounded(_LABELS + cell * columns), _ROW * rows
    path = [f"M{_LABELS} {_ROW * row}H{right}" for row in range(rows + 1)]
    if cell >= 4:
        path += [f"M{rounded(_LABELS + cell * column)} 0V{bottom}" for column in range(columns + 1)]
    return Markup('<path class="gap" d="{}"/>').format("".join(path))


def _axis(labels: Sequence[str], cell: float, height: int) -> Markup:
    """Write as many labels as fit side by side, the latest one among them."""
    texts = list(map(short_label, labels))
    every = max(1, round(max(map(len, texts)) * 7.5 / cell + 0.5))
    return Markup("").join(
        Markup('<text class="tick" text-anchor="middle" x="{}" y="{}">{}</text>').format(
            rounded(_LABELS + (place + 0.5) * cell), height - 6, text
        )
        for place, text in enumerate(texts)
        if (len(labels) - 1 - place) % every == 0
    )
