"""The option that says as of when."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["AsOf"]

AsOf = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        metavar="MOMENT",
        help="What was known then: 2026-11-22 (its end) or 2026-11-22T05:30, in UTC.",
        show_default="now",
    ),
]
