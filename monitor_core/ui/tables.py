"""Tables that can be downloaded, and menus of downloads."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import streamlit as st

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["as_csv", "csv_button", "table"]

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_csv(columns: Mapping[str, Sequence[Any]]) -> bytes:
    r"""Write columns as CSV (UTF-8 with a mark, so that spreadsheets read it).

    Text that a spreadsheet would run as a formula gets an apostrophe in front.

    Examples
    --------
    >>> as_csv({"name": ["=1+1"], "psi": [-0.5]}).decode("utf-8-sig")
    "name,psi\r\n'=1+1,-0.5\r\n"
    """
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(_harmless(name) for name in columns)
    writer.writerows([_harmless(value) for value in row] for row in zip(*columns.values(), strict=True))
    return out.getvalue().encode("utf-8-sig")


def _harmless(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def table(
    columns: Mapping[str, Sequence[Any]],
    *,
    name: str,
    alt: str,
    config: Mapping[str, Any] | None = None,
    hidden: Sequence[str] = (),
    height: int | str = "auto",
) -> None:
    """Draw a table with a button that downloads it.

    Parameters
    ----------
    columns
        Values by column title, all of one length.
    name
        Of the downloaded file, without ending; also the key of the button.
    alt
        What the table is, for those who hear it.
    config
        `st.column_config` by title.
    hidden
        Columns that are drawn but do not belong into a file (sparklines).
    """
    import pandas as pd  # noqa: PLC0415 - heavy; a page without tables needs none

    st.dataframe(
        pd.DataFrame({title: list(values) for title, values in columns.items()}),
        hide_index=True,
        column_config=dict(config or {}),
        height=height,  # type: ignore[arg-type]  # "auto", "content" or pixels, as Streamlit takes them
        alt=alt,
    )
    csv_button({title: values for title, values in columns.items() if title not in hidden}, name=name)


def csv_button(columns: Mapping[str, Sequence[Any]], *, name: str) -> None:
    """Draw the button that downloads columns of one length as ``<name>.csv``."""
    st.download_button(
        "CSV",
        lambda: as_csv(columns),
        file_name=f"{name}.csv",
        mime="text/csv",
        key=f"csv-{name}",
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
        help="Download this table",
    )
