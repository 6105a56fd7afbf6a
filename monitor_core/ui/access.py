"""How pages reach the services, and reads that are kept because a saved run never changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from monitor_core.values import ModelRef

if TYPE_CHECKING:
    from monitor_core.drift.results import CellDetail, GranuleDrift, RunMatrix, RunSummary
    from monitor_core.runtime import Services

__all__ = ["cell", "choose_model", "chosen", "granule", "matrix", "model_names", "refs", "segments", "services"]

_MODEL = "model"


@st.cache_resource(show_spinner=False)
def services() -> Services:
    """Open the services once for all sessions.

    Raises
    ------
    MonitorError
        The settings are wrong or the database cannot be reached; the next run tries again.
    """
    from monitor_core.runtime import open_services  # noqa: PLC0415 - heavy; a page that fails early needs none of it
    from monitor_core.settings import load  # noqa: PLC0415 - as above

    return open_services(load())


# Results are immutable, so that keeping the object itself (not a copy, not a pickle) is safe; `_services` is not
# part of the key because run ids are unique across databases.


@st.cache_resource(max_entries=12, show_spinner=False)
def matrix(_services: Services, run_id: str, segment: str = "") -> RunMatrix:
    """Return a run's matrix."""
    return _services.drift.matrix(run_id, segment)


@st.cache_resource(max_entries=200, show_spinner=False)
def cell(_services: Services, run_id: str, feature: str, label: str, segment: str = "") -> CellDetail:
    """Return everything about one cell."""
    return _services.drift.cell(run_id, feature, label, segment)


@st.cache_resource(max_entries=24, show_spinner=False)
def granule(_services: Services, run_id: str, label: str, segment: str = "") -> GranuleDrift:
    """Return all features of one granule."""
    return _services.drift.granule(run_id, label, segment)


@st.cache_resource(max_entries=50, show_spinner=False)
def segments(_services: Services, run: RunSummary) -> tuple[str, ...]:
    """Return the values of the segment column that a run judged; empty without one."""
    return tuple(_services.drift.segments(run.run_id)) if run.segment_column else ()


def refs(app: Services) -> list[ModelRef]:
    """Return every version of every model in use, by title, newest version first."""
    return [version.ref for model in app.models.list() for version in app.models.versions(model.model_id)]


def model_names(app: Services) -> list[str]:
    """Return every version of every model in use as ``id version``, by title, newest version first."""
    return [str(ref) for ref in refs(app)]


def choose_model(app: Services) -> ModelRef | None:
    """Draw the selector of model and version; the choice is part of the address.

    Returns None while there is no model.
    """
    names = model_names(app)
    if not names:
        st.session_state.pop(_MODEL, None)
        return None
    wanted = st.session_state.get(_MODEL) or st.query_params.get(_MODEL)
    # With no default of its own the choice always stands in the address: a link keeps its model when others are added.
    st.session_state[_MODEL] = wanted if wanted in names else names[0]
    st.caption("Model")  # the selector's own label would add "(required)"
    st.selectbox(
        "Model", names, index=None, required=True, key=_MODEL, bind="query-params", label_visibility="collapsed"
    )
    return chosen()


def chosen() -> ModelRef | None:
    """Return the model version that the selector shows, or None while there is none."""
    name = st.session_state.get(_MODEL)
    if not name:
        return None
    model_id, _, version = str(name).partition(" ")
    return ModelRef(model_id, version)
