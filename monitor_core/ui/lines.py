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

_FILES = (
    ("baseline", "training.parquet"),
    ("current", "production.parquet"),
    ("predictions", "predictions.parquet"),
    ("labels", "labels.csv"),
)
_COMMANDS = {"baseline": "snapshots", "current": "snapshots", "predictions": "predictions", "labels": "labels"}


def cli_lines(ref: ModelRef | None = None) -> str:
    """Return the commands that add a model (unless one is given), upload what it is judged by, and judge it.

    Examples
    --------
    >>> print(cli_lines())
    bellwether models add churn --version 1.0.0 --granularity day
    bellwether snapshots upload churn:1.0.0 training.parquet --baseline
    bellwether snapshots upload churn:1.0.0 production.parquet
    bellwether predictions upload churn:1.0.0 predictions.parquet
    bellwether labels upload churn:1.0.0 labels.csv
    bellwether drift run churn:1.0.0 --fail-on high
    bellwether performance advise churn:1.0.0
    """
    model, version = _names(ref)
    add = [] if ref else [f"bellwether models add {model} --version {version} --granularity day"]
    uploads = [
        f"bellwether {_COMMANDS[purpose]} upload {model}:{version} {file}"
        + (" --baseline" if purpose == "baseline" else "")
        for purpose, file in _FILES
    ]
    judge = (
        f"bellwether drift run {model}:{version} --fail-on high",
        f"bellwether performance advise {model}:{version}",
    )
    return "\n".join([*add, *uploads, *judge])


def http_lines(settings: Settings, ref: ModelRef | None = None) -> str:
    """Return the requests that upload files of each kind, and single labels; the token is read from its file."""
    model, version = _names(ref)
    token = shlex.quote(str(token_path(settings.data_dir.absolute())))
    url = f"{address(settings)}/api/v1/models/{model}/versions/{version}"
    allowed = f'-H "Authorization: Bearer $(cat {token})"'
    files = [
        f"curl -T {file} {allowed} \\\n  '{url}/snapshots?purpose={purpose}&filename={file}'"
        for purpose, file in _FILES
    ]
    row = '{"rows": [{"entity_id": "a17", "label": 1}]}'
    return "\n".join([*files, f"curl {allowed} -H 'Content-Type: application/json' \\\n  -d '{row}' '{url}/labels'"])


def _names(ref: ModelRef | None) -> tuple[str, str]:
    return (ref.model_id, ref.version) if ref else ("churn", "1.0.0")
