"""The text of `.streamlit/config.toml`, made from the theme.

``python -m monitor_core.figures.config > .streamlit/config.toml`` writes it; a test holds the two equal.
"""

from __future__ import annotations

import sys

from monitor_core.figures.theme import DARK, LIGHT, Theme

__all__ = ["streamlit_config"]

_LATIN = (
    "U+0000-00FF,U+0131,U+0152-0153,U+02BB-02BC,U+02C6,U+02DA,U+02DC,U+0304,U+0308,U+0329,"
    "U+2000-206F,U+20AC,U+2122,U+2191,U+2193,U+2212,U+2215,U+FEFF,U+FFFD"
)
_LATIN_EXT = (
    "U+0100-02BA,U+02BD-02C5,U+02C7-02CC,U+02CE-02D7,U+02DD-02FF,U+0304,U+0308,U+0329,U+1D00-1DBF,U+1E00-1E9F,"
    "U+1EF2-1EFF,U+2020,U+20A0-20AB,U+20AD-20C0,U+2113,U+2C60-2C7F,U+A720-A7FF"
)
_FACES = (
    ("Inter", "inter-latin-wght-normal", "100 900", _LATIN),
    ("Inter", "inter-latin-ext-wght-normal", "100 900", _LATIN_EXT),
    ("JetBrains Mono", "jetbrains-mono-latin-wght-normal", "100 800", _LATIN),
    ("JetBrains Mono", "jetbrains-mono-latin-ext-wght-normal", "100 800", _LATIN_EXT),
)

_HEAD = """\
# Generated from monitor_core/figures/theme.py; edit there, then:
#   python -m monitor_core.figures.config > .streamlit/config.toml

[server]
enableStaticServing = true
headless = true
fileWatcherType = "none"
maxUploadSize = 1024

[runner]
# A full collection after every run costs 60 to 90 ms in which no message leaves the server; Python's own collector
# finds the same garbage in time.
postScriptGC = false

[browser]
gatherUsageStats = false

[client]
toolbarMode = "viewer"
showErrorDetails = "none"
showSidebarNavigation = true

[theme]
font = "Inter"
codeFont = "JetBrains Mono"
baseFontSize = 14
baseFontWeight = 400
codeFontSize = "12.5px"
headingFontSizes = ["25px", "19px", "16px", "15px", "14px", "14px"]
headingFontWeights = [650, 650, 600, 600, 600, 600]
metricValueFontSize = "25px"
metricValueFontWeight = 600
baseRadius = "8px"
buttonRadius = "8px"
linkUnderline = false
showWidgetBorder = true
showSidebarBorder = true
paddingTop = "0.5rem"
paddingBottom = "3rem"
"""


def streamlit_config() -> str:
    """Return the whole text of `.streamlit/config.toml`.

    Examples
    --------
    >>> import tomllib
    >>> tomllib.loads(streamlit_config())["theme"]["light"]["primaryColor"]
    '#4450D8'
    """
    parts = [_HEAD, *(_face(*face) for face in _FACES), "[theme.sidebar]\n" + 'paddingTop = "0.5rem"\n']
    for tokens in (LIGHT, DARK):
        parts += [_main(tokens), _sidebar(tokens)]
    return "\n".join(parts)


def _face(family: str, file: str, weight: str, ranges: str) -> str:
    return (
        f'[[theme.fontFaces]]\nfamily = "{family}"\nurl = "app/static/fonts/{file}.woff2"\n'
        f'weight = "{weight}"\nstyle = "normal"\nunicodeRange = "{ranges}"\n'
    )


def _main(tokens: Theme) -> str:
    values = {
        "primaryColor": tokens.primary,
        "backgroundColor": tokens.background,
        "secondaryBackgroundColor": tokens.panel,
        "textColor": tokens.text,
        "linkColor": tokens.link,
        "borderColor": tokens.border,
        "codeBackgroundColor": tokens.panel,
        "codeTextColor": tokens.text,
        "dataframeBorderColor": tokens.border,
        "dataframeHeaderBackgroundColor": tokens.panel,
        "dataframeHeaderTextColor": tokens.muted,
        **_state("red", tokens.red, tokens.red_soft),
        **_state("orange", tokens.orange, tokens.orange_soft, tokens.orange_text),
        **_state("yellow", tokens.orange, tokens.orange_soft, tokens.orange_text),
        **_state("green", tokens.green, tokens.green_soft),
        **_state("blue", tokens.link, tokens.blue_soft),
        **_state("violet", tokens.link, tokens.blue_soft),
        **_state("gray", tokens.muted, tokens.gray_soft),
    }
    palette = ", ".join(f'"{colour}"' for colour in tokens.series)
    return _table(f"theme.{tokens.name}", values) + f"chartCategoricalColors = [{palette}]\n"


def _sidebar(tokens: Theme) -> str:
    values = {
        "primaryColor": tokens.primary,
        "backgroundColor": tokens.sidebar,
        "secondaryBackgroundColor": tokens.background,
        "textColor": tokens.text,
        "linkColor": tokens.link,
        "borderColor": tokens.border,
        "codeBackgroundColor": tokens.panel,
        "codeTextColor": tokens.text,
    }
    return _table(f"theme.{tokens.name}.sidebar", values)


def _state(name: str, colour: str, soft: str, text: str = "") -> dict[str, str]:
    return {f"{name}Color": colour, f"{name}BackgroundColor": soft, f"{name}TextColor": text or colour}


def _table(name: str, values: dict[str, str]) -> str:
    return f"[{name}]\n" + "".join(f'{key} = "{value}"\n' for key, value in values.items())


if __name__ == "__main__":
    sys.stdout.write(streamlit_config())
