"""Turn what was given into a setting's type, or say why not."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitor_core.errors import InvalidSetting
from monitor_core.settings.groups import DriftSettings, OneOf, PerformanceSettings
from monitor_core.settings.targets import http_address, read_headers, read_targets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from monitor_core.settings.catalogue import Setting
    from monitor_core.settings.groups import MetricsSettings

__all__ = ["check_metrics", "check_together", "read"]

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})


def read(setting: Setting, value: Any, source: str, *, strict: bool = False) -> Any:
    """Turn what was given into the setting's type; `strict` reads no text as a number."""
    try:
        value_read = _convert(setting, value, strict=strict)
    except (TypeError, ValueError):
        value_read = None
    if value_read is None or (setting.bound is not None and not setting.bound.accepts(value_read)):
        shown = "the value" if setting.is_secret else repr(value)
        raise InvalidSetting(
            f"setting {setting.key!r}: {shown} is not allowed ({source})", hint=f"allowed: {setting.allowed}"
        )
    return value_read


def _convert(setting: Setting, value: Any, *, strict: bool) -> Any:
    is_text = isinstance(value, str)
    if is_text and strict and setting.type not in (str, Path):
        raise TypeError
    if strict and isinstance(value, bool) != (setting.type is bool):
        raise TypeError
    if setting.type is bool:
        return _boolean(value)
    if isinstance(value, bool):
        raise TypeError
    if setting.type is Path:
        return _path(value)
    if setting.type is str:
        return _word(setting, value)
    number = setting.type(value.strip() if is_text else value)
    if number != number or (not is_text and number != value):  # noqa: PLR0124 - NaN; and 2.5 is no whole number
        raise ValueError
    return number


def _boolean(value: Any) -> bool:
    word = str(value).strip().lower()
    if word not in _TRUE | _FALSE:
        raise ValueError
    return word in _TRUE


def _path(value: Any) -> Path:
    if not isinstance(value, str | Path) or not str(value):
        raise TypeError
    return Path(value).expanduser()


def _word(setting: Setting, value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    if isinstance(setting.bound, OneOf):
        return next((word for word in setting.bound.words if word.lower() == value.strip().lower()), value)
    return value


def check_together(group: DriftSettings | PerformanceSettings, origins: Mapping[str, str]) -> None:
    """Check what depends on more than one setting of a group."""
    prefix, pairs = ("drift", _DRIFT_ORDER) if isinstance(group, DriftSettings) else ("performance", _PERFORMANCE_ORDER)
    for lesser, greater in pairs:
        low, high = getattr(group, lesser), getattr(group, greater)
        name, other = f"{prefix}.{lesser}", f"{prefix}.{greater}"
        if low > high:
            origin = origins.get(name, origins.get(other, "default"))
            raise InvalidSetting(
                f"setting {name!r}: {low} is more than {other!r}, {high} ({origin})", hint=f"at most {high}"
            )


_DRIFT_ORDER = (
    ("confirm_hits", "confirm_of"),
    ("psi_moderate", "psi_high"),
    ("psi_high", "psi_critical"),
    ("calibrated_some", "calibrated_from"),
)
_PERFORMANCE_ORDER = (
    ("coverage_partial", "coverage_full"),
    ("f1_drop_minor", "f1_drop_moderate"),
    ("f1_drop_moderate", "f1_drop_severe"),
)


def check_metrics(group: MetricsSettings, origins: Mapping[str, str]) -> None:
    """Check addresses and what depends on more than one setting; values that may hold passwords are not repeated."""
    origin = {name: origins.get(f"metrics.{name}", "default") for name in ("prometheus_url", "targets")}
    if group.prometheus_url:
        http_address(group.prometheus_url, f"setting 'metrics.prometheus_url' ({origin['prometheus_url']})")
    read_targets(group.targets, f"setting 'metrics.targets' ({origin['targets']})")
    read_headers(group.prometheus_headers, "setting 'metrics.prometheus_headers'")
    if group.prometheus_bearer_token and group.prometheus_username:
        raise InvalidSetting("setting 'metrics.prometheus_bearer_token' and a user name exclude each other")
