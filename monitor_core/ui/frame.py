"""The frame of a page: its head with one badge, cards, and the designed states (empty, error, stale)."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from monitor_core.errors import MonitorError, Refused
from monitor_core.ui.text import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import tzinfo

    from streamlit.delta_generator import DeltaGenerator

    from monitor_core.ui.words import Colour

__all__ = ["attempt", "card", "empty", "failure", "guarded", "head", "is_dark", "zone"]


def head(title: str, about: str, badge: tuple[str, Colour, str] | None = None) -> None:
    """Draw the title, one line that says what is shown, and the page's one status badge.

    `about` is Markdown: names in it must have gone through `plain`.
    """
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center", key="head"):
        with st.container(width="content", gap=None):
            st.title(title, anchor=False)
            st.caption(about)
        if badge is not None:
            word, colour, icon = badge
            st.badge(word, color=colour, icon=icon)


@contextmanager
def card(title: str, aside: str = "", *, key: str | None = None) -> Iterator[None]:
    """Open a bordered card with a heading and, to its right, a word about unit or source (both Markdown)."""
    with st.container(border=True, key=key):
        with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
            st.subheader(title, anchor=False, width="content")
            if aside and "-badge[" in aside:
                st.markdown(aside, width="content")  # a caption would fade the badges below readable contrast
            elif aside:
                st.caption(aside, width="content")
        yield


def empty(title: str, about: str, *, icon: str = ":material/inbox:") -> DeltaGenerator:
    """Draw an empty state and return the place for its next action."""
    box = st.container(border=True, horizontal_alignment="center", key=None)
    with box:
        st.space("small")
        st.subheader(title, anchor=False, icon=icon, text_alignment="center")
        st.caption(about, text_alignment="center")
        actions = st.container(horizontal=True, horizontal_alignment="center")
        st.space("small")
    return actions


def failure(error: MonitorError, *, tried: str, key: str) -> None:
    """Say what went wrong, what was tried and what to do; offer to try again."""
    reasons = "".join(f"\n- {plain(reason, limit=400)}" for reason in getattr(error, "reasons", ())[:20])
    hint = f"\n\n{plain(error.hint, limit=400)}" if error.hint else ""
    st.error(
        f"{plain(error.message, limit=600)}{hint}{reasons}",
        title=f"{tried} did not work",
        icon=":material/error:",
    )
    if not isinstance(error, Refused):
        st.button("Try again", icon=":material/refresh:", key=f"retry-{key}")


def attempt(action: Callable[[], object], done: str = "") -> None:
    """Do what a button asks for and say so; what fails on purpose is said, too."""
    try:
        action()
    except MonitorError as error:
        hint = f" {plain(error.hint, limit=200)}" if error.hint else ""
        st.toast(f"{plain(error.message, limit=300)}.{hint}", icon=":material/error:", duration="long")
    else:
        if done:
            st.toast(done, icon=":material/check:")


@contextmanager
def guarded(tried: str, *, key: str) -> Iterator[None]:
    """Draw a part of a page; what fails on purpose inside becomes an error state of that part only."""
    try:
        yield
    except MonitorError as error:
        failure(error, tried=tried, key=key)


def zone() -> tzinfo:
    """Return the viewer's time zone; UTC when the browser does not tell."""
    try:
        return ZoneInfo(st.context.timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def is_dark() -> bool:
    """Whether the viewer's appearance is dark."""
    return st.context.theme.type == "dark"
