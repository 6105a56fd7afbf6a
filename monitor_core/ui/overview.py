"""The parts of Overview: the greeting, a card for each model, what needs attention, the leading features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from monitor_core.drift.results import CellState, RunSummary
from monitor_core.errors import MonitorError
from monitor_core.jobs import commands
from monitor_core.reports.numbers import fixed, p_value
from monitor_core.ui import access
from monitor_core.ui.frame import card, empty, guarded, is_dark, zone
from monitor_core.ui.jobs import actor, track
from monitor_core.ui.light import Meter, Numeric, figure, markup_table, spark, spark_markdown
from monitor_core.ui.lines import cli_lines, http_lines
from monitor_core.ui.overview_performance import (
    URGENT,
    brief,
    draw_advice_badge,
    draw_attention,
    draw_f1,
    draw_history,
    has_predictions,
    way_to_performance,
)
from monitor_core.ui.places import DATA, DRIFT
from monitor_core.ui.reading import absent, attention, drifted_shares, leaders
from monitor_core.ui.tables import csv_button
from monitor_core.ui.text import plain
from monitor_core.ui.words import STATE, age, counted, moment, run_status, state_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streamlit.delta_generator import DeltaGenerator

    from monitor_core.runtime import Services
    from monitor_core.storage.models import Model
    from monitor_core.ui.overview_performance import Brief
    from monitor_core.ui.reading import Attention, Leader
    from monitor_core.ui.words import Colour
    from monitor_core.values import ModelRef

__all__ = [
    "Tile",
    "about",
    "greet",
    "latest_runs",
    "leading_features",
    "model_cards",
    "needs_attention",
    "performance_parts",
    "status",
]

_SHOWN = 8
_ACROSS = (5, 3, 6, 2)  # columns of the tile of a single model


def _run_id(run: RunSummary) -> str:
    return run.run_id


def greet(app: Services) -> None:
    """Draw the empty installation: two ways to begin, and the lines to paste."""
    actions = empty(
        "Nothing is watched yet",
        "Give Bellwether the data a model was trained on (its baseline) and the data it sees now: "
        "it says which features moved, when, and how sure that is.",
        icon=":material/monitoring:",
    )
    with actions:
        if st.button("Upload a baseline", type="primary", icon=":material/upload:", key="go-upload"):
            st.switch_page(DATA)
        st.button(
            "Load the example", icon=":material/science:", key="begin-example", on_click=_load_example, args=(app,)
        )
    with st.expander("From the command line or over HTTP", icon=":material/terminal:"):
        st.caption("The same from a terminal on this machine:")
        st.code(cli_lines(), language="bash", wrap_lines=True)
        st.caption("Or from anywhere that reaches this address; the token lies in the data folder:")
        st.code(http_lines(app.settings), language="bash", wrap_lines=True)


def _load_example(app: Services) -> None:
    try:
        track(commands.load_example(app, actor=actor()))
    except MonitorError as error:
        st.toast(plain(error.message), icon=":material/error:")


def latest_runs(app: Services) -> list[tuple[Model, ModelRef, RunSummary | None]]:
    """Return every version of every model in use with its latest run."""
    return [
        (model, version.ref, app.drift.latest(version.ref))
        for model in app.models.list()
        for version in app.models.versions(model.model_id)
    ]


@dataclass(frozen=True, slots=True)
class Tile:
    """Places in the tile of a version that are filled after every tile has shown its drift."""

    model: Model
    ref: ModelRef
    badges: DeltaGenerator
    f1: DeltaGenerator
    history: DeltaGenerator
    way_on: DeltaGenerator


def model_cards(app: Services, rows: Sequence[tuple[Model, ModelRef, RunSummary | None]]) -> list[Tile]:
    """Draw one tile a model version: state, share of drifted features over time, age of its last data.

    Returns the places for its performance.
    """
    if len(rows) == 1:
        return [_only_model(app, *rows[0])]
    tiles = []
    with st.grid(4, min_column_width=225):
        for model, ref, run in rows:
            with st.container(border=True, height="stretch", gap="small", key=f"tile-{ref.model_id}-{ref.version}"):
                _whose(model, ref)
                badges = _state(app, run)
                if run is not None:
                    shares = _shares(app, run)
                    _metric(shares)
                    _spark(app, model, run, shares)
                performance = st.container(gap="small")
                _facts(app, model, run)
                st.space("stretch")
                with st.container(horizontal=True):
                    _way_on(ref, run)
                    way_on = st.container(width="content")
                tiles.append(Tile(model, ref, badges, performance, performance, way_on))
    return tiles


def _only_model(app: Services, model: Model, ref: ModelRef, run: RunSummary | None) -> Tile:
    """Draw the tile of a single model across the page: a row about drift, and the places of one about performance."""
    with st.container(border=True, key="tile-only"):
        who, share, history, way_on = st.columns(_ACROSS, vertical_alignment="center")
        with who:
            _whose(model, ref)
            badges = _state(app, run)
            _facts(app, model, run)
        if run is not None:
            shares = _shares(app, run)
            with share:
                _metric(shares)
            with history:
                _spark(app, model, run, shares)
        with way_on:
            _way_on(ref, run)
        below = st.container()
        if has_predictions(app, [ref]):  # columns take their room even when nothing is in them
            _, f1, history, way_on = below.columns(_ACROSS, vertical_alignment="center")
            return Tile(model, ref, badges, f1, history, way_on)
    return Tile(model, ref, badges, below, below, below)


def performance_parts(app: Services, tiles: Sequence[Tile]) -> list[Brief]:
    """Fill the places of performance in the tiles of versions that have predictions, and return what was found."""
    known = has_predictions(app, [tile.ref for tile in tiles])
    found = []
    for tile in tiles:
        if tile.ref not in known:
            continue
        with tile.f1, guarded("Reading the performance", key=f"brief-{tile.ref}"):
            one = brief(app, tile.model, tile.ref)
            found.append(one)
            with tile.badges:
                draw_advice_badge(one)
            draw_f1(one)
            with tile.history:
                draw_history(one)
            with tile.way_on:
                way_to_performance(one, "Performance")
    return found


def _whose(model: Model, ref: ModelRef) -> None:
    example = " :gray-badge[example]" if model.is_example else ""
    st.markdown(f"**{plain(model.title)}** {plain(ref.version)}{example}")


def _state(app: Services, run: RunSummary | None) -> DeltaGenerator:
    """Draw what the latest run says, and return the row of badges that it stands in."""
    badges = st.container(horizontal=True, gap="small")
    with badges:
        if run is None:
            st.badge("No run yet", color="gray", icon=":material/hourglass_empty:")
        else:
            word, colour, icon = status(app, run)
            st.badge(word, color=colour, icon=icon)
    return badges


def status(app: Services, run: RunSummary) -> tuple[str, Colour, str]:
    """Return the badge of a run, absent features counted."""
    return run_status(run, n_absent=absent(access.matrix(app, run.run_id)))


def _shares(app: Services, run: RunSummary) -> list[float]:
    return [100 * share for share in drifted_shares(access.matrix(app, run.run_id))]


def _metric(shares: Sequence[float]) -> None:
    figure("Features drifting", f"{shares[-1] if shares else 0:.0f}%")


def _spark(app: Services, model: Model, run: RunSummary, shares: Sequence[float]) -> None:
    if len(shares) > 1:
        st.markdown(_history(app, run, model.granularity.word, dark=is_dark()))


@st.cache_data(max_entries=200, show_spinner=False, hash_funcs={RunSummary: _run_id})
def _history(_app: Services, run: RunSummary, word: str, *, dark: bool) -> str:
    """Return the share of drifting features over time as Markdown; a run never changes."""
    alt = f"Share of features drifting, {counted(run.n_granules, word)} to {run.last_granule}"
    return spark_markdown(_shares(_app, run), dark=dark, alt=alt)


def _facts(app: Services, model: Model, run: RunSummary | None) -> None:
    if run is None:
        st.caption("For its drift, upload a baseline, then newer data.")
        return
    st.caption(
        f"Data to {run.last_granule}, judged {age(run.created_at, app.now())} ago · baseline {run.baseline_number} "
        f"({counted(run.baseline_rows, 'row')}) · {counted(run.n_granules, model.granularity.word)}"
    )


def _way_on(ref: ModelRef, run: RunSummary | None) -> None:
    st.page_link(
        DRIFT if run else DATA,
        label="Drift" if run else "Upload",
        icon=":material/chevron_right:",
        icon_position="right",
        query_params={"model": str(ref)},
        help="",
    )


def needs_attention(
    app: Services, rows: Sequence[tuple[Model, ModelRef, RunSummary | None]], briefs: Sequence[Brief]
) -> None:
    """Draw versions that should be acted on, and what drifted, is absent or unconfirmed, each with a link to it."""
    urgent = sorted((one for one in briefs if one.action in URGENT), key=lambda one: URGENT.index(one.action))
    found = [
        (model, ref, one)
        for model, ref, run in rows
        if run is not None
        for one in attention(access.matrix(app, run.run_id))
    ]
    many = len(rows) > 1
    with card("Needs attention", f"{len(urgent) + len(found)} open", key="attention"):
        if not found and not urgent:
            st.caption(":material/check_circle: Nothing fell, drifted, is absent or unconfirmed in the latest data.")
        for position, brief_of in enumerate(urgent[:_SHOWN]):
            draw_attention(brief_of, position, many=many)
        for position, (model, ref, one) in enumerate(found[: max(_SHOWN - len(urgent), 1)]):
            _attention_line(model, ref, one, position, many=many)
        if (more := len(found) - max(_SHOWN - len(urgent), 1)) > 0:
            st.caption(f"and {more} more, see Drift")


def _attention_line(model: Model, ref: ModelRef, one: Attention, position: int, *, many: bool) -> None:
    state, colour = STATE[one.state]
    whose = f"{plain(model.title)} · " if many else ""
    lasting = counted(one.lasting, model.granularity.word)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"attention-{position}"):
        with st.container(width="stretch"):
            st.markdown(
                f":{colour}-badge[{state}] **{plain(one.feature, limit=60)}** :small[:gray[{lasting}]]  \n"
                f":small[:gray[{whose}{_evidence(one, model.granularity.word)}]]"
            )
        st.page_link(
            DRIFT,
            label="Open",
            icon=":material/chevron_right:",
            icon_position="right",
            query_params={"model": str(ref), "feature": one.feature, "granule": one.granule},
            help="",
        )


def _evidence(one: Attention, word: str) -> str:
    since = f"since {one.since}" if one.lasting > 1 else f"in {one.granule}"
    if one.state is CellState.ABSENT:
        return f"column missing from the data, {since}"
    return f"PSI {fixed(one.psi, 2)}, adjusted p {p_value(one.p_adjusted)}, {one.n_rows:,} rows a {word}, {since}"


def leading_features(app: Services, ref: ModelRef, run: RunSummary, word: str) -> None:
    """Draw the features of one model with the largest PSI."""
    found = leaders(access.matrix(app, run.run_id), _SHOWN)
    with card("Most drifted features", f"PSI, {plain(ref)}", key="leaders"):
        if not found:
            st.caption("No feature could be computed yet.")
            return
        st.html(_leaders_table(app, run, word, dark=is_dark()))
        csv_button(
            {
                "Feature": [one.feature for one in found],
                "PSI": [one.psi for one in found],
                "State": [state_words(one.state, awaits=one.awaits)[0] for one in found],
                "Adjusted p": [p_value(one.p_adjusted) for one in found],
                "Rows": [one.n_rows for one in found],
                word.capitalize(): [one.granule for one in found],
            },
            name=f"leaders_{ref.model_id}_{ref.version}",
        )


@st.cache_data(max_entries=50, show_spinner=False, hash_funcs={RunSummary: _run_id})
def _leaders_table(_app: Services, run: RunSummary, word: str, *, dark: bool) -> str:
    """Return the leading features as markup; a run never changes."""
    found = leaders(access.matrix(_app, run.run_id), _SHOWN)
    history = f"Last {counted(run.n_granules, word)}"
    titles = ("Feature", "PSI", history, "State", "Adjusted p", "Rows", word.capitalize())
    alt = "Features with the largest PSI in the latest data"
    top = max(0.4, *(one.psi for one in found))
    return str(markup_table(titles, [_leader(one, dark=dark) for one in found], alt=alt, top=top))


def _leader(one: Leader, *, dark: bool) -> tuple[str | float, ...]:
    history = spark(one.history, dark=dark, alt=f"PSI of {one.feature} over time")
    return (
        one.feature,
        Meter(one.psi),
        history,
        state_words(one.state, awaits=one.awaits)[0],
        Numeric(p_value(one.p_adjusted)),
        Numeric(f"{one.n_rows:,}"),
        one.granule,
    )


def about(app: Services, rows: Sequence[tuple[Model, ModelRef, RunSummary | None]]) -> str:
    """Return the line under the title: how many models, and when they were last judged."""
    runs = [run for _, _, run in rows if run is not None]
    models = counted(len(rows), "model version")
    if not runs:
        return f"{models} · none judged yet"
    last = max(run.created_at for run in runs)
    return f"{models} · last judged {moment(last, zone())}, {age(last, app.now())} ago"
