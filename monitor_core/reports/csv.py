"""A drift report as CSV: every figure of every feature, granule and segment."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from monitor_core.reports.records import COLUMNS, Scalar, records

if TYPE_CHECKING:
    from monitor_core.reports.document import Document

__all__ = ["guard", "render"]

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - spreadsheets read full-width ones too


def render(document: Document) -> str:
    """Write the results with one header line; text is guarded against being run as a formula."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([guard(value) for value in record] for record in records(document))
    return out.getvalue()


def guard(value: Scalar) -> Scalar:
    """Put an apostrophe before text that a spreadsheet would run as a formula; numbers stay as they are.

    Several texts become one.

    Examples
    --------
    >>> guard("=HYPERLINK(1)"), guard("rsi_14"), guard(-0.5)
    ("'=HYPERLINK(1)", 'rsi_14', -0.5)
    """
    if isinstance(value, tuple):
        value = "; ".join(value)
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA_STARTS) else value
