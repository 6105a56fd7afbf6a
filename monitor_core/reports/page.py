"""What the HTML reports share: templates, the style sheets, and the colours of the theme in them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from monitor_core.drift.text import plain
from monitor_core.figures.theme import DARK, LIGHT, MONO_FONT, TEXT_FONT
from monitor_core.reports.numbers import distance, fixed, p_value, percent

if TYPE_CHECKING:
    from monitor_core.figures.theme import Theme

__all__ = ["style", "templates"]


@cache
def templates() -> Environment:
    """Return the templates; everything put into them is escaped."""
    loader = PackageLoader("monitor_core.reports", "templates")
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.filters |= {"plain": plain, "fixed": fixed, "percent": percent, "p_value": p_value}
    made.globals |= {"distance": distance}
    return made


@cache
def style(sheet: str) -> Markup:
    """Return the style sheet of a report with the common one and the theme's colours before it; all our own text."""
    loader = templates().loader
    assert loader is not None
    common, own = (loader.get_source(templates(), name)[0] for name in ("report.css", sheet))
    fonts = f"--text-font: {TEXT_FONT}; --mono-font: {MONO_FONT};"
    light, dark = _variables(LIGHT), _variables(DARK)
    return Markup(  # noqa: S704 - constants of ours, no user's text
        f":root {{ color-scheme: light dark; {fonts} {light} }}\n"
        f"@media screen and (prefers-color-scheme: dark) {{ :root {{ {dark} }} }}\n{common}\n{own}"
    )


def _variables(theme: Theme) -> str:
    plain_names = (
        "background",
        "panel",
        "border",
        "grid",
        "text",
        "muted",
        "primary",
        "red",
        "orange",
        "green",
        "baseline",
    )
    soft = ("red_soft", "orange_soft", "green_soft", "gray_soft")
    tokens = {name.replace("_", "-"): getattr(theme, name) for name in (*plain_names, *soft)}
    for scale in ("neutral", "amber", "crimson"):
        tokens |= {f"{scale}-{step}": colour for step, colour in enumerate(getattr(theme, scale))}
    return " ".join(f"--{name}: {colour};" for name, colour in tokens.items())
