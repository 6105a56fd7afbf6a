"""Settings: models, thresholds, configuration, the example, the trail."""

from __future__ import annotations

import streamlit as st

from monitor_core.ui import access, settings_deployments, settings_models, settings_rest, settings_thresholds
from monitor_core.ui.frame import guarded, head
from monitor_core.ui.text import plain

app = access.services()
ref = access.chosen()
model = app.models.get(ref.model_id) if ref else None

head("Settings", f"{plain(model.title)}, and the whole installation" if model else "The whole installation")

if ref is not None and model is not None:
    with guarded("Reading the model", key="model"):
        left, right = st.columns(2)
        with left:
            settings_models.draw_model(app, model)
            settings_deployments.draw_deployments(app, model, ref)
        with right:
            settings_models.draw_version(app, app.models.version(ref))
        settings_thresholds.draw_thresholds(app, model, "performance")
        settings_thresholds.draw_thresholds(app, model, "drift")
with guarded("Reading the archive", key="archive"):
    settings_models.draw_archive(app, model)
    settings_rest.draw_example(app)
with guarded("Reading the configuration", key="configuration"):
    settings_rest.draw_configuration(app)
with guarded("Reading the trail", key="trail"):
    settings_rest.draw_trail(app)
