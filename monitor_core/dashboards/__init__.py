"""Dashboards: Grafana and one HTML file, built from the names of metrics and from the rules."""

from __future__ import annotations

from monitor_core.dashboards.grafana import generate_grafana_dashboard
from monitor_core.dashboards.html import generate_html_dashboard
from monitor_core.dashboards.writing import create_dashboard_files, dashboard_files

__all__ = ["create_dashboard_files", "dashboard_files", "generate_grafana_dashboard", "generate_html_dashboard"]
