"""The colours, once: pages, charts, reports and `.streamlit/config.toml` all take them from here.

Colours are measured, not guessed: ``tests/figures/test_theme.py`` holds the contrast of every text token to
WCAG AA (4.5:1) on the surfaces it appears on, in light and dark.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DARK", "LIGHT", "MONO_FONT", "TEXT_FONT", "Theme", "contrast", "mix", "theme"]

TEXT_FONT = "Inter, system-ui, sans-serif"
MONO_FONT = "'JetBrains Mono', ui-monospace, monospace"


@dataclass(frozen=True, slots=True)
class Theme:
    """One appearance. Every attribute is a ``#RRGGBB`` colour but `name`.

    Attributes
    ----------
    background, panel, sidebar, border, grid
        Surfaces from the page to the faintest line of a chart.
    text, muted
        Words, and words that explain them.
    primary, on_primary, link
        The one accent, what is written on it, and the accent as text.
    red, orange, green
        State as lines and text; ``*_soft`` is the tint behind a badge, `orange_text` the words on it.
    neutral, amber, crimson
        Steps of the PSI scale, faint to strong: below .10, to .25, above.
    baseline
        The filled shape that the current data are compared with.
    """

    name: str
    background: str
    panel: str
    sidebar: str
    selected: str
    border: str
    grid: str
    text: str
    muted: str
    primary: str
    on_primary: str
    link: str
    red: str
    red_soft: str
    orange: str
    orange_soft: str
    orange_text: str
    green: str
    green_soft: str
    gray_soft: str
    blue_soft: str
    neutral: tuple[str, str]
    amber: tuple[str, str]
    crimson: tuple[str, str]
    baseline: str

    @property
    def series(self) -> tuple[str, ...]:
        """Categorical colours in the order charts take them."""
        return (self.primary, self.orange, self.green, self.red, self.muted, self.link)


LIGHT = Theme(
    name="light",
    background="#FFFFFF",
    panel="#F5F6F9",
    sidebar="#F8F9FB",
    selected="#E0E5EF",
    border="#E3E6EC",
    grid="#EBEDF2",
    text="#171A21",
    muted="#5F6675",
    primary="#4450D8",
    on_primary="#FFFFFF",
    link="#3A45C4",
    red="#C92A3A",
    red_soft="#FBE9EB",
    orange="#B85C00",
    orange_soft="#FCEFE1",
    orange_text="#994C00",
    green="#0B7A55",
    green_soft="#E3F3EC",
    gray_soft="#EDEFF3",
    blue_soft="#E9EBFB",
    neutral=("#EFF1F5", "#D6DCE7"),
    amber=("#F5CF73", "#EEA436"),
    crimson=("#DE5A55", "#B4323C"),
    baseline="#C9CED6",
)

DARK = Theme(
    name="dark",
    background="#0F1218",
    panel="#181C24",
    sidebar="#0B0D12",
    selected="#2E323D",
    border="#2A303B",
    grid="#222732",
    text="#E7EAF0",
    muted="#9AA3B2",
    primary="#7C86F5",
    on_primary="#0F1218",
    link="#A3AAFA",
    red="#FF6B78",
    red_soft="#43222B",
    orange="#F5A04C",
    orange_soft="#43301C",
    orange_text="#F5A04C",
    green="#3ECF9A",
    green_soft="#15392F",
    gray_soft="#272C36",
    blue_soft="#23284A",
    neutral=("#1B2029", "#2D3643"),
    amber=("#8A6420", "#CE8C2C"),
    crimson=("#D24B54", "#FF7A84"),
    baseline="#4A5262",
)


def theme(*, dark: bool) -> Theme:
    """Return the tokens of one appearance.

    Examples
    --------
    >>> theme(dark=False).background
    '#FFFFFF'
    """
    return DARK if dark else LIGHT


def contrast(first: str, second: str) -> float:
    """Return the WCAG 2 contrast ratio of two ``#RRGGBB`` colours, 1 to 21.

    Examples
    --------
    >>> contrast("#000000", "#FFFFFF")
    21.0
    """
    high, low = sorted((_luminance(first), _luminance(second)), reverse=True)
    return round((high + 0.05) / (low + 0.05), 2)


def mix(colour: str, ground: str, share: float) -> str:
    """Return `colour` laid over `ground` with opacity `share` (0..1), as an opaque colour.

    Examples
    --------
    >>> mix("#FFFFFF", "#000000", 0.5)
    '#808080'
    """
    pairs = ((int(colour[i : i + 2], 16), int(ground[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{int(over * share + under * (1 - share) + 0.5):02X}" for over, under in pairs)


def _luminance(colour: str) -> float:
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
