"""The first page of a fresh server."""

from __future__ import annotations

from streamlit.runtime.pages_manager import PagesManager

__all__ = ["use_navigation"]


def use_navigation() -> None:
    """Tell Streamlit, before its first run, that the pages come from `st.navigation`.

    Until a script has called `st.navigation` once, Streamlit takes a folder named ``pages`` for the pages of its
    old routing, and greets the first deep link that a server gets with "Page not found" (over the right page).
    No public option says otherwise in Streamlit 1.67; a browser test on a fresh server tells when this is no
    longer needed or no longer works.
    """
    PagesManager.uses_pages_directory = False
