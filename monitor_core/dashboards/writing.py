"""Every generated file, by name: the same release and settings give the same bytes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from monitor_core.dashboards.boards import BOARDS
from monitor_core.dashboards.grafana import APP_URL, dashboard
from monitor_core.dashboards.html import generate_html_dashboard
from monitor_core.dashboards.provisioning import alert_rules, alertmanager, data_sources, providers
from monitor_core.errors import InvalidInput
from monitor_core.metrics.rules_default import Objectives, default_rules
from monitor_core.metrics.rules_file import write_rules

if TYPE_CHECKING:
    from collections.abc import Mapping
    from os import PathLike

__all__ = ["create_dashboard_files", "dashboard_files"]

HEAD = "Written by `bellwether dashboards write`; rules of your own go into a file of their own."
_PROVISIONING = "grafana/provisioning"


def dashboard_files(
    *, app_url: str = APP_URL, source_url: str = "", runbooks: str = "", objectives: Objectives | None = None
) -> dict[str, str]:
    """Return the text of every file by its path, in order.

    Parameters
    ----------
    app_url
        Where the app is; dashboards link to it.
    source_url
        What Grafana asks: the app itself when empty, or a Prometheus.
    runbooks
        Address of the folder of runbooks; empty leaves the path in the repository.
    objectives
        What the rules hold the service to.

    Examples
    --------
    >>> list(dashboard_files())[0]
    'custom/metrics_dashboard.html'
    """
    for name, url in (("app", app_url), ("source", source_url or app_url), ("runbooks", runbooks or APP_URL)):
        if not url.startswith(("http://", "https://")) or any(character.isspace() for character in url):
            raise InvalidInput(f"the address of the {name} is {url!r}", hint="http://... or https://...")
    given = objectives or Objectives()
    if runbooks:
        given = replace(given, runbooks=runbooks.rstrip("/"))
    rules = default_rules(given)
    app = app_url.rstrip("/")
    made = {
        "custom/metrics_dashboard.html": generate_html_dashboard(),
        **_grafana(app),
        f"{_PROVISIONING}/datasources/bellwether.yml": data_sources((source_url or app).rstrip("/")),
        f"{_PROVISIONING}/dashboards/bellwether.yml": providers(),
        f"{_PROVISIONING}/alerting/bellwether.yml": alert_rules(rules),
        "prometheus/rules.yml": write_rules(rules, head=HEAD),
        "prometheus/alertmanager.yml": alertmanager(),
    }
    return dict(sorted(made.items()))


def _grafana(app_url: str) -> dict[str, str]:
    """Return each dashboard twice: as the HTTP API imports it, and as files are provisioned."""
    made = {}
    for board in BOARDS:
        envelope = dashboard(board, app_url=app_url)
        made[f"grafana/{board.uid}.json"] = _json(envelope)
        made[f"{_PROVISIONING}/dashboards/bellwether/{board.uid}.json"] = _json(envelope["dashboard"])
    return made


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def create_dashboard_files(output_dir: str | PathLike[str] = "dashboards", **options: str) -> tuple[Path, ...]:
    """Write every file into a folder; files that are there already are replaced, others are left alone.

    Parameters
    ----------
    output_dir
        Made when it is not there.
    options
        See `dashboard_files`: `app_url`, `source_url`, `runbooks`.

    Returns
    -------
    tuple
        The files written: ``grafana/*.json`` for import, ``grafana/provisioning`` for ``/etc/grafana``,
        ``prometheus/rules.yml``, ``prometheus/alertmanager.yml`` and ``custom/metrics_dashboard.html``.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     written = create_dashboard_files(folder)
    >>> any(path.name == "bellwether-service.json" for path in written)
    True
    """
    return _write(Path(output_dir), dashboard_files(**options))  # type: ignore[arg-type]


def _write(folder: Path, texts: Mapping[str, str]) -> tuple[Path, ...]:
    written = []
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
        written.append(path)
    return tuple(written)
