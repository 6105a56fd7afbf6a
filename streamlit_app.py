"""Navigation and page configuration, nothing else."""

from __future__ import annotations

import streamlit as st

from monitor_core.ui.shell import open_page

st.set_page_config(page_title="Bellwether", page_icon="monitor_core/ui/assets/mark.svg", layout="wide")
open_page()
