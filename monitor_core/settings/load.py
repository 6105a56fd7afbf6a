"""Put the settings together from file, environment and arguments; the only module that reads the environment."""

from __future__ import annotations

import os
import re
import tomllib
import warnings
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from monitor_core.errors import InvalidSetting
from monitor_core.settings.catalogue import PREFIX, known_settings
from monitor_core.settings.checks import check_metrics, check_together, read
from monitor_core.settings.groups import (
    DriftSettings,
    MetricsSettings,
    PerformanceSettings,
    RetentionSettings,
    Settings,
    SnapshotSettings,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from monitor_core.settings.catalogue import Setting

__all__ = ["load", "override"]

_CONFIG = "MONITOR_CONFIG"
_OF_TESTS = frozenset({"MONITOR_REQUIRE", "MONITOR_SHARED"})  # read by the test suite, not by us
_ALIASES = {"LOG_LEVEL": "log_level", "LOG_FORMAT": "log_format"}


def load(
    *,
    file: Path | None = None,
    environ: Mapping[str, str] | None = None,
    arguments: Mapping[str, Any] | None = None,
) -> Settings:
    """Read the settings: defaults < file < environment < arguments.

    Parameters
    ----------
    file
        A TOML file that must exist. None: the one that ``MONITOR_CONFIG`` names, else ``monitor.toml`` in the working
        folder, if there is one.
    environ
        The environment; None: the process's own.
    arguments
        By dotted key; None values are passed over, text is read as in the environment.

    Raises
    ------
    InvalidSetting
        Naming the key, the value, where it stands and what is allowed.

    Examples
    --------
    >>> load(environ={"MONITOR_DRIFT_FDR": "0.05"}, arguments={"port": 9000}).drift.fdr
    0.05
    """
    environ = os.environ if environ is None else environ
    found: dict[str, tuple[Any, str]] = {}
    found.update(_from_file(_file(file, environ)))
    found.update(_from_environment(environ))
    found.update(_from_arguments(arguments or {}))
    loaded = _apply(Settings(), {key: value for key, (value, _) in found.items()})
    origins = {key: origin for key, (_, origin) in found.items()}
    check_together(loaded.drift, origins)
    check_together(loaded.performance, origins)
    check_metrics(loaded.metrics, origins)
    return replace(loaded, origins=origins)


_Judged = TypeVar("_Judged", DriftSettings, PerformanceSettings)


def override(base: _Judged, overrides: Mapping[str, Any], *, source: str = "thresholds") -> _Judged:
    """Return `base` with some thresholds replaced, by field name: a model's own, or those of one run.

    Raises
    ------
    InvalidSetting
        For an unknown name or a value out of range; `source` says in the message where it stands.

    Examples
    --------
    >>> override(DriftSettings(), {"psi_high": 0.3}).psi_high
    0.3
    >>> override(PerformanceSettings(), {"horizon": 14}).horizon
    14
    """
    prefix = "drift." if isinstance(base, DriftSettings) else "performance."
    known = {key.removeprefix(prefix): item for key, item in known_settings().items() if key.startswith(prefix)}
    values = {}
    for name, value in overrides.items():
        if name not in known:
            raise InvalidSetting(f"{source}: {name!r} is not a threshold", hint=_nearest(name, known))
        values[name] = read(known[name], value, source)
    made = replace(base, **values)
    check_together(made, {f"{prefix}{name}": source for name in values})
    return made


_Group = TypeVar(
    "_Group", Settings, DriftSettings, PerformanceSettings, SnapshotSettings, MetricsSettings, RetentionSettings
)


def _apply(instance: _Group, values: Mapping[str, Any]) -> _Group:
    changed: dict[str, Any] = {}
    for key, value in values.items():
        group, _, rest = key.partition(".")
        if rest:
            changed[group] = _apply(changed.get(group, getattr(instance, group)), {rest: value})
        else:
            changed[key] = value
    return replace(instance, **changed)


def _file(file: Path | None, environ: Mapping[str, str]) -> Path | None:
    named = file or (Path(environ[_CONFIG]) if environ.get(_CONFIG) else None)
    if named is not None:
        if not named.is_file():
            raise InvalidSetting(f"the settings file {str(named)!r} does not exist")
        return named
    usual = Path("monitor.toml")
    return usual if usual.is_file() else None


def _from_file(path: Path | None) -> Iterator[tuple[str, tuple[Any, str]]]:
    if path is None:
        return
    try:
        text = path.read_text(encoding="utf-8")
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise InvalidSetting(f"{path.name} cannot be read: {error}") from None
    known = known_settings()
    for key, value in _flat(data, known):
        source = f"{path.name}, line {_line(text, key)}"
        yield key, (read(_known(key, known, source), value, source, strict=True), source)


def _flat(data: Mapping[str, Any], known: Mapping[str, Setting], prefix: str = "") -> Iterator[tuple[str, Any]]:
    groups = {key.rpartition(".")[0] for key in known}
    for name, value in data.items():
        key = prefix + name
        if isinstance(value, dict) and key in groups:
            yield from _flat(value, known, f"{key}.")
        else:
            yield key, value


def _line(text: str, key: str) -> int:
    """Find the line on which a key (or its table) stands; TOML's reader does not tell."""
    table, wanted = "", key
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*\[+\s*([\w.\-]+)\s*\]+", line):
            table = header[1] + "."
            if header[1] == wanted:
                return number
        elif (entry := re.match(r"\s*[\"']?([\w.\- ]+?)[\"']?\s*=", line)) and table + entry[1] == wanted:
            return number
    return 1


def _from_environment(environ: Mapping[str, str]) -> Iterator[tuple[str, tuple[Any, str]]]:
    known = known_settings()
    for alias, key in _ALIASES.items():
        if environ.get(alias):
            try:
                yield key, (read(known[key], environ[alias], alias), alias)
            except InvalidSetting as error:  # other programs have variables of these names, too
                warnings.warn(f"{error}; {known[key].default} is used", RuntimeWarning, stacklevel=3)
    by_variable = {setting.variable: setting for setting in known.values()}
    for name in sorted(environ):
        if not name.startswith(PREFIX) or name == _CONFIG or name in _OF_TESTS:
            continue
        if name not in by_variable:
            raise InvalidSetting(f"the environment variable {name} is not a setting", hint=_nearest(name, by_variable))
        setting = by_variable[name]
        yield setting.key, (read(setting, environ[name], name), name)


def _from_arguments(arguments: Mapping[str, Any]) -> Iterator[tuple[str, tuple[Any, str]]]:
    known = known_settings()
    for key, value in arguments.items():
        if value is not None:
            yield key, (read(_known(key, known, "argument"), value, "argument"), "argument")


def _known(key: str, known: Mapping[str, Setting], source: str) -> Setting:
    if key not in known:
        raise InvalidSetting(f"{key!r} is not a setting ({source})", hint=_nearest(key, known))
    return known[key]


def _nearest(name: str, known: Mapping[str, Any]) -> str:
    near = get_close_matches(name, known, n=1, cutoff=0.5)
    return f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
