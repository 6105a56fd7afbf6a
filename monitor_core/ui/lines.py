"""The lines to paste: the same request by command line and over HTTP. Pure."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from monitor_core.jobs.supervisor import address
from monitor_core.jobs.token import token_path

if TYPE_CHECKING:
    from monitor_core.settings import Settings
    from monitor_core.values import ModelRef

__all__ = ["cli_lines", "http_lines"]

_FILES = (("baseline", "training.parquet"), ("current", "production.parquet"))


def cli_lines(ref: ModelRef | None = None) -> str:
    """Return the commands that add a model (unless one is given), upload its baseline and newer data, and judge.

    Examples
    --------
    >>> print(cli_lines())
    bellwether models add churn --version 1.0.0 --granularity day
    bellwether snapshots upload churn:1.0.0 training.parquet --baseline
    bellwether snapshots upload churn:1.0.0 production.parquet
    bellwether drift run churn:1.0.0 --fail-on high
    """
    model, version = _names(ref)
    add = [] if ref else [f"bellwether models add {model} --version {version} --granularity day"]
    uploads = [
        f"bellwether snapshots upload {model}:{version} {file}" + (" --baseline" if purpose == "baseline" else "")
        for purpose, file in _FILES
    ]
    return "\n".join([*add, *uploads, f"bellwether drift run {model}:{version} --fail-on high"])


def http_lines(settings: Settings, ref: ModelRef | None = None) -> str:
    """Return the requests that upload a baseline and newer data; the token is read from its file, not shown."""
    model, version = _names(ref)
    token = shlex.quote(str(token_path(settings.data_dir.absolute())))
    url = f"{address(settings)}/api/v1/models/{model}/versions/{version}/snapshots"
    return "\n".join(
        f"curl -T {file} -H \"Authorization: Bearer $(cat {token})\" \\\n  '{url}?purpose={purpose}&filename={file}'"
        for purpose, file in _FILES
    )


def _names(ref: ModelRef | None) -> tuple[str, str]:
    return (ref.model_id, ref.version) if ref else ("churn", "1.0.0")
