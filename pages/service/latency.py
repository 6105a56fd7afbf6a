"""Latency & throughput: how fast the service answers, how much it is asked, and what fails."""

from __future__ import annotations

import streamlit as st

from monitor_core.ui import access
from monitor_core.ui.latency_choice import is_live
from monitor_core.ui.latency_page import draw, seconds_between

app = access.services()
live = is_live()
st.fragment(draw, run_every=seconds_between(app) if live else None, key="latency")(app, live=live)
