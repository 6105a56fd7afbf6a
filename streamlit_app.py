"""Navigation and page configuration, nothing else."""

from __future__ import annotations

import streamlit as st

from monitor_core.ui.shell import MARK, open_page

st.set_page_config(page_title="Bellwether", page_icon=str(MARK), layout="wide")
open_page()
