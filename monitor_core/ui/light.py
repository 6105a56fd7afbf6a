"""Figures and tables of Overview as plain markup: they are on screen with the first text.

Streamlit's own metric, chart and table each bring a script of their own, and the page waits for all of them before its
first chart (``docs/decisions/0022-light-overview.md``). Every value put into markup here is escaped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st
from markupsafe import Markup

from monitor_core.figures.spark import spark_uri
from monitor_core.figures.theme import DARK, LIGHT
from monitor_core.ui.text import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from monitor_core.figures.theme import Theme

__all__ = ["STYLE", "Meter", "Numeric", "figure", "markup_table", "spark", "spark_markdown"]


def _either(name: str) -> str:
    return f"light-dark({_of(LIGHT, name)}, {_of(DARK, name)})"


def _of(tokens: Theme, name: str) -> str:
    return str(getattr(tokens, name))


STYLE = f"""
.bw-spark {{ display: block; width: 100%; min-width: 4rem; height: 22px }}
[class*="st-key-tile-"] img[src^="data:image/svg"] {{ display: block; width: 100%; height: 52px }}
.st-key-tile-only img[src^="data:image/svg"] {{ height: 84px }}
.bw-figure {{ font-size: .875rem }}
.bw-figure strong {{ display: block; font-size: 25px; font-weight: 600; line-height: 1.3 }}
.bw-table {{ overflow-x: auto }}
.bw-table table {{ width: 100%; border-collapse: collapse; font-size: .9rem }}
.bw-table th, .bw-table td {{ padding: .42rem .38rem; text-align: left; white-space: nowrap;
  border-bottom: 1px solid {_either("border")} }}
.bw-table thead th {{ color: {_either("muted")}; font-weight: 400; background: {_either("panel")} }}
.bw-table tbody th {{ font-weight: 500; max-width: 16rem; overflow: hidden; text-overflow: ellipsis }}
.bw-table .number {{ text-align: right; font-variant-numeric: tabular-nums }}
.bw-meter {{ display: flex; align-items: center; gap: .5rem; font-variant-numeric: tabular-nums }}
.bw-meter b {{ width: 3rem; height: .4rem; border-radius: .2rem; background: {_either("gray_soft")} }}
.bw-meter u {{ display: block; height: 100%; border-radius: inherit; background: {_either("primary")} }}
"""
"""Rules for the markup of this module; the frame of the pages sends them once."""


class Numeric(str):
    """Text of a cell that stands at the right."""

    __slots__ = ()


_RIGHT = Markup(' class="number"')


class Meter(float):
    """A number that is drawn with a bar beside it."""

    __slots__ = ()


def figure(label: str, value: str) -> None:
    """Draw one number under its name."""
    st.html(Markup('<div class="bw-figure">{}<strong>{}</strong></div>').format(label, value))


def spark(values: Sequence[float], *, dark: bool, alt: str) -> Markup:
    """Return a small area for a cell of `markup_table`; `alt` is for those who hear it."""
    return Markup('<img class="bw-spark" src="{}" alt="{}">').format(spark_uri(values, dark=dark), alt)


def spark_markdown(values: Sequence[float], *, dark: bool, alt: str) -> str:
    """Return a small area as Markdown, the one element whose script is always loaded with the page."""
    return f"![{plain(alt)}]({spark_uri(values, dark=dark)})"


def markup_table(titles: Sequence[str], rows: Iterable[Sequence[str | float]], *, alt: str, top: float = 1.0) -> Markup:
    """Return a table whose first column names the row.

    Parameters
    ----------
    rows
        Text, `Numeric`, `Meter` or `Markup` (taken as it is) by title.
    alt
        What the table is, for those who hear it.
    top
        The number at which a meter's bar is full.
    """
    rows = list(rows)
    first = [*(rows[0] if rows else ()), *titles]
    head = Markup("").join(
        Markup('<th scope="col"{}>{}</th>').format(_RIGHT if isinstance(first[place], Numeric) else "", title)
        for place, title in enumerate(titles)
    )
    body = Markup("").join(Markup("<tr>{}</tr>").format(_row(row, top)) for row in rows)
    return Markup(
        '<div class="bw-table" tabindex="0" role="region" aria-label="{0}"><table aria-label="{0}">'
        "<thead><tr>{1}</tr></thead><tbody>{2}</tbody></table></div>"
    ).format(alt, head, body)


def _row(cells: Sequence[str | float], top: float) -> Markup:
    name, *rest = cells
    return Markup('<th scope="row" title="{0}">{0}</th>{1}').format(
        name, Markup("").join(_cell(cell, top) for cell in rest)
    )


def _cell(cell: str | float, top: float) -> Markup:
    if isinstance(cell, Meter):
        share = min(max(cell / top, 0.0), 1.0)
        return Markup('<td><span class="bw-meter"><b><u style="width:{:.0f}%"></u></b>{:.2f}</span></td>').format(
            100 * share, float(cell)
        )
    if isinstance(cell, Numeric):
        return Markup('<td class="number">{}</td>').format(cell)
    return Markup("<td>{}</td>").format(cell)
