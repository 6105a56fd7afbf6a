"""Dashboards: Grafana and one HTML file, built from the names and the rules."""
