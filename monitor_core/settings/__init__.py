"""Typed settings: defaults < ``monitor.toml`` < environment < arguments (standard library only).

A key that nobody knows is an error that names the nearest known one; so is a value of another type or out of range.
Every setting is described in its annotation, from where the settings page, ``doctor`` and ``docs/configuration.md``
take the words.
"""

from monitor_core.settings.catalogue import Setting, SettingValue, describe, known_settings, redacted
from monitor_core.settings.groups import (
    DriftSettings,
    LogSettings,
    MetricsSettings,
    PerformanceSettings,
    RetentionSettings,
    Settings,
    SnapshotSettings,
)
from monitor_core.settings.load import load, override
from monitor_core.settings.targets import Target, read_targets

__all__ = [
    "DriftSettings",
    "LogSettings",
    "MetricsSettings",
    "PerformanceSettings",
    "RetentionSettings",
    "Setting",
    "SettingValue",
    "Settings",
    "SnapshotSettings",
    "Target",
    "describe",
    "known_settings",
    "load",
    "override",
    "read_targets",
    "redacted",
]
