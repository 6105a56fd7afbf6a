"""A drift report as Markdown (CommonMark with GitHub's tables), for tickets and chats."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from monitor_core.drift.text import plain
from monitor_core.reports.advice import STATUS
from monitor_core.reports.facts import drifted_granules, head_facts, setting_facts, summary_facts
from monitor_core.reports.numbers import distance, fixed, p_value, percent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from monitor_core.reports.document import Document, FeatureLine

__all__ = ["bullets", "code", "escape", "grid", "render"]

_MARKUP = re.compile(r"([\\`*\[\]<>|#~&!]|(?<![^\W_])_|_(?![^\W_]))")
"""What could be read as markup; an underscore inside a word cannot."""


def render(document: Document) -> str:
    """Write the report; names from the data cannot become markup, links or table cells of their own."""
    word = document.granule_word
    features = [_feature_row(line) for line in document.features]
    columns = [
        "Feature",
        "Status",
        "PSI",
        "Noise",
        "KS",
        "p (adj.)",
        "Missing",
        "Rows",
        f"Drifted {word}s",
        "Action",
    ]
    granules = [
        [
            line.granule,
            f"{line.n_rows:,}",
            str(line.n_drifted),
            str(line.n_unconfirmed),
            str(line.n_undecided),
            line.severity.value,
        ]
        for line in document.granules
    ]
    parts = [
        f"# Drift report: {escape(document.model_title)} {escape(document.run.ref.version)}",
        f"**{document.severity.upper()}** · {escape(document.sentence)}",
        bullets(head_facts(document)),
        "## Summary",
        bullets(summary_facts(document)),
        "## Features",
        grid(columns, features),
        *_notes(document.features),
        f"## {word.capitalize()}s",
        grid([word.capitalize(), "Rows", "Drifted", "Unconfirmed", "Undecided", "Severity"], granules),
        *_segments(document),
        "## Settings",
        bullets(setting_facts(document)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def code(name: str, *, in_table: bool = False) -> str:
    r"""Return a name as code, whatever characters it holds.

    Examples
    --------
    >>> print(code("rsi_14"), code("a`b"), code("a|b", in_table=True))
    `rsi_14` `` a`b `` `a\|b`
    """
    text = plain(name)
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", text)), default=0))
    inner = f" {text} " if len(fence) > 1 or text != text.strip() or not text else text
    return f"{fence}{inner.replace('|', chr(92) + '|') if in_table else inner}{fence}"


def escape(text: str) -> str:
    r"""Return `text` so that it reads as it is, without effect as markup.

    Examples
    --------
    >>> print(escape("<b> *x*"))
    \<b\> \*x\*
    """
    return _MARKUP.sub(r"\\\1", plain(text)).replace("://", r":\/\/")


def _feature_row(line: FeatureLine) -> list[str]:
    drift = line.drift
    return [
        code(drift.name, in_table=True),
        STATUS[drift.state],
        fixed(drift.psi, 4),
        fixed(drift.noise_floor, 4),
        distance(drift.ks_low, drift.ks_high),
        p_value(drift.p_adjusted),
        percent(drift.missing_share),
        f"{drift.n_current:,}",
        drifted_granules(line),
        line.action,
    ]


def _segments(document: Document) -> Iterable[str]:
    if not document.segments:
        return ()
    rows = [
        [code(line.segment, in_table=True), line.granule, f"{line.n_rows:,}", str(line.n_drifted), line.severity.value]
        for line in document.segments
    ]
    return (
        f"## Segments by {code(document.run.segment_column)}",
        grid(["Segment", document.granule_word.capitalize(), "Rows", "Drifted features", "Severity"], rows),
    )


def _notes(lines: Sequence[FeatureLine]) -> Iterable[str]:
    told = [
        f"- {code(line.name)} ({line.telling_granule}): {escape('; '.join(line.telling.reasons))}"
        for line in lines
        if line.telling.reasons
    ]
    return ("### Reasons", "\n".join(told)) if told else ()


def bullets(facts: Mapping[str, str]) -> str:
    """Return named values as a list; the values are escaped."""
    return "\n".join(f"- {name}: {escape(value)}" for name, value in facts.items())


def grid(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return cells, escaped already, as a table; ``None.`` without any."""
    if not rows:
        return "None."
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
