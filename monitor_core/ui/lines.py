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


def cli_lines(settings: Settings, ref: ModelRef | None = None) -> str:  # noqa: ARG001 - the same call as `http_lines`
    """Return the commands that add a model, its baseline and newer data."""
    model, version = _names(ref)
    add = "" if ref else f"bellwether models add {model} --version {version} --granularity day\n"
    return (
        f"{add}bellwether baselines set {model} {version} training.parquet\n"
        f"bellwether snapshots add {model} {version} production.parquet\n"
        f"bellwether drift run {model} {version} --fail-on high"
    )


def http_lines(settings: Settings, ref: ModelRef | None = None) -> str:
    """Return the requests that upload a baseline and newer data; the token is read from its file."""
    model, version = _names(ref)
    token = shlex.quote(str(token_path(settings.data_dir.absolute())))
    url = f"{address(settings)}/api/v1/models/{model}/versions/{version}/snapshots"
    return "\n".join(
        f'curl -H "Authorization: Bearer $(cat {token})" \\\n  --data-binary @{file} \\\n'
        f"  '{url}?purpose={purpose}&filename={file}'"
        for purpose, file in (("baseline", "training.parquet"), ("current", "production.parquet"))
    )


def _names(ref: ModelRef | None) -> tuple[str, str]:
    return (ref.model_id, ref.version) if ref else ("churn", "1.0.0")
