"""What is known about each setting, and how it stands."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin, get_type_hints

from monitor_core.settings.groups import Between, OneOf, Secret, Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["PREFIX", "Setting", "SettingValue", "describe", "known_settings", "redacted"]

PREFIX = "MONITOR_"
"""How the names of our environment variables begin."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What is known about one setting."""

    key: str
    """Dotted: ``drift.fdr``."""
    type: type
    default: Any
    words: str
    bound: Between | OneOf | None
    is_secret: bool
    is_hidden: bool = False
    """Nothing of the value may be shown."""

    @property
    def variable(self) -> str:
        """The environment variable: ``MONITOR_DRIFT_FDR``."""
        return PREFIX + self.key.upper().replace(".", "_")

    @property
    def allowed(self) -> str:
        """What may be given, in words."""
        noun = {bool: "true or false", int: "a whole number", float: "a number", Path: "a path"}.get(self.type, "text")
        if isinstance(self.bound, OneOf):
            return str(self.bound)
        return f"{noun}, {self.bound}" if self.bound else noun

    def text(self, value: Any) -> str:
        """Return the value for people; passwords in addresses are starred out."""
        if self.is_hidden:
            return "***" if value else ""
        text = str(value).lower() if isinstance(value, bool) else str(value)
        return redacted(text) if self.is_secret else text


@dataclass(frozen=True, slots=True)
class SettingValue:
    """One setting as it stands."""

    setting: Setting
    text: str
    origin: str
    """``default``, ``monitor.toml, line 7``, ``MONITOR_PORT`` or ``argument``."""


def redacted(address: str) -> str:
    """Star out the passwords of an address.

    Examples
    --------
    >>> redacted("postgresql://u:p%40ss@h/d?password=x&sslmode=require")
    'postgresql://u:***@h/d?password=***&sslmode=require'
    """
    address = re.sub(r"(://[^:/@?#]*):.*@", r"\1:***@", address)
    return re.sub(r"((?:^|[?&])[^=&]*(?:password|secret|key)[^=&]*=)[^&]*", r"\1***", address, flags=re.IGNORECASE)


@cache
def known_settings() -> Mapping[str, Setting]:
    """Return every setting by its dotted key, in the order of the documentation."""
    return MappingProxyType({setting.key: setting for setting in _walk(Settings, "")})


def describe(settings: Settings) -> tuple[SettingValue, ...]:
    """Return every setting with its present value and where it came from; passwords are starred out.

    Examples
    --------
    >>> describe(Settings(database_url="postgresql://ann:s3cret@db/monitor"))[1].text
    'postgresql://ann:***@db/monitor'
    """
    return tuple(
        SettingValue(setting, setting.text(_value(settings, setting.key)), settings.origins.get(setting.key, "default"))
        for setting in known_settings().values()
    )


def _walk(cls: type, prefix: str) -> Iterator[Setting]:
    hints = get_type_hints(cls, localns={"Mapping": dict}, include_extras=True)
    instance = cls()
    for item in fields(cls):
        hint = hints[item.name]
        if isinstance(hint, type) and is_dataclass(hint):
            yield from _walk(hint, f"{prefix}{item.name}.")
        elif get_origin(hint) is Annotated:
            yield _setting(prefix + item.name, getattr(instance, item.name), *get_args(hint))


def _setting(key: str, default: Any, kind: type, *notes: Any) -> Setting:
    return Setting(
        key,
        kind,
        default,
        words=next(note for note in notes if isinstance(note, str)),
        bound=next((note for note in notes if isinstance(note, Between | OneOf)), None),
        is_secret=any(isinstance(note, Secret) for note in notes),
        is_hidden=any(isinstance(note, Secret) and note.whole for note in notes),
    )


def _value(settings: Settings, key: str) -> Any:
    value: Any = settings
    for name in key.split("."):
        value = getattr(value, name)
    return value
