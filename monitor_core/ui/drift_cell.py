"""Drift: the panel of one cell, from verdict to trend."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from monitor_core.drift.results import Calibration, CellState, Distribution
from monitor_core.figures.drift import distribution, trend
from monitor_core.reports.advice import CALIBRATION, advise
from monitor_core.reports.numbers import distance, fixed, p_value, percent
from monitor_core.ui.frame import card, is_dark
from monitor_core.ui.text import plain
from monitor_core.ui.words import SEVERITY, counted, state_words

if TYPE_CHECKING:
    from monitor_core.drift.results import CellDetail, FeatureDrift, MultivariateDrift

__all__ = ["draw_cell", "draw_multivariate", "verdict_sentence"]


def draw_cell(detail: CellDetail, *, word: str, levels: tuple[float, float, float], together: int = 1) -> None:
    """Draw verdict and reasons, both distributions, the statistics and the trend.

    Parameters
    ----------
    together
        Granules that were judged together, this one the last of them.
    """
    drift = detail.drift
    span = f" · {counted(together, word)} together" if together > 1 else ""
    with card(plain(drift.name, limit=48), f"{detail.granule}{span}", key="cell"):
        _badges(drift)
        st.markdown(verdict_sentence(drift, word))
        if drift.state is not CellState.ABSENT and len(detail.distribution.baseline):
            st.echarts_chart(distribution(detail, dark=is_dark()), height=220, key="distribution", alt=_alt(detail))
            st.caption(_sizes(detail.distribution))
        _reasons(drift, word)
    with card("PSI over time", plain(drift.name, limit=40), key="trend-card"):
        st.echarts_chart(
            trend(detail, dark=is_dark(), levels=levels[:2]),
            height=210,
            key="trend",
            alt=f"PSI of {drift.name} over {len(detail.trend_granules)} {word}s, with levels and noise",
        )
    with card("Statistics", f"{drift.kind.value}, {drift.role}", key="statistics"):
        st.table(_statistics(drift), border="horizontal", alt="Statistics of the chosen cell")


def verdict_sentence(drift: FeatureDrift, word: str) -> str:
    """Return the verdict in one sentence with what to do next (Markdown)."""
    name = plain(drift.name, limit=48)
    psi = f"PSI {fixed(drift.psi, 2)}"
    match drift.state:
        case CellState.DRIFTED:
            level = SEVERITY[drift.severity][0].lower()
            said = f"**{name} has drifted** ({level}): {psi} is significant and was confirmed over several {word}s."
            if drift.confirmed is None:
                said = f"**{name} has drifted** ({level}): {psi} is significant."
        case CellState.UNCONFIRMED:
            said = f"**{name} may be drifting**: {psi} is significant, but not yet in enough {word}s to alert."
        case CellState.STABLE if drift.awaits_calibration:
            said = (
                f"**{name} has changed significantly**: {psi}. Too few {word}s of reference are there to know how much "
                f"{word}s differ by themselves, so it does not alert yet."
            )
        case CellState.STABLE:
            said = f"**No drift in {name}**: {psi} is within what chance gives for {drift.n_current:,} rows."
        case CellState.ABSENT:
            said = f"**{name} is not in the data** of this {word}."
        case _:
            said = f"**{name} could not be judged** in this {word}."
    action = advise(drift, word=word)
    return said if action in ("-", "See reason") else f"{said} {action}."


def _badges(drift: FeatureDrift) -> None:
    word, colour = state_words(drift.state, awaits=drift.awaits_calibration)
    with st.container(horizontal=True, gap="small"):
        st.badge(word, color=colour)
        if drift.psi is not None:
            st.badge(f"PSI {fixed(drift.psi, 2)}", color="gray")
        if drift.ks_low is not None:
            st.badge(f"KS {distance(drift.ks_low, drift.ks_high)}", color="gray")
        st.badge(f"n = {drift.n_current:,}", color="gray")
        if drift.calibration is not Calibration.CALIBRATED:
            badge = "not yet calibrated" if drift.calibration is Calibration.SOME else "uncalibrated"
            st.badge(
                badge, color="orange", icon=":material/tune:", help=CALIBRATION[drift.calibration].format(word="day")
            )


def _reasons(drift: FeatureDrift, word: str) -> None:
    lines = [plain(reason, limit=300) for reason in drift.reasons]
    if drift.calibration is not Calibration.CALIBRATED:
        lines.append(CALIBRATION[drift.calibration].format(word=word).capitalize())
    if lines:
        st.caption("  \n".join(lines))


def _sizes(shape: Distribution) -> str:
    return f"Share of rows (%). Baseline {shape.n_baseline:,} rows, current {shape.n_current:,} rows." + (
        " The outermost steps hold what lies beyond the baseline's range." if shape.edges is not None else ""
    )


def _alt(detail: CellDetail) -> str:
    drift = detail.drift
    return f"Baseline and current distribution of {drift.name} in {detail.granule}, PSI {fixed(drift.psi, 2)}"


def _statistics(drift: FeatureDrift) -> dict[str, str]:
    floor = f"{fixed(drift.noise_floor)} (99 %: {fixed(drift.noise_q99)})"
    missing = f"{percent(drift.missing_share)} (baseline {percent(drift.missing_share_baseline)})"
    rows = {
        "PSI": fixed(drift.psi),
        "Noise floor": floor,
        "PSI above noise": fixed(drift.psi_debiased),
        "p, adjusted": p_value(drift.p_adjusted),
        "p, plain": f"{p_value(drift.p_value)} (X² {fixed(drift.chi2, 1)}, {fixed(drift.dof, 1)} dof)",
        "KS distance": distance(drift.ks_low, drift.ks_high),
        "Jensen–Shannon": fixed(drift.js),
        "Wasserstein": fixed(drift.wasserstein),
        "Missing": missing,
        "Unseen levels": percent(drift.unseen_share),
        "Out of range": percent(drift.out_of_range_share),
        "Rows": f"{drift.n_current:,} against {drift.n_baseline:,}",
    }
    return {name: value for name, value in rows.items() if value != "n/a"}


def draw_multivariate(result: MultivariateDrift, granule: str) -> None:
    """Draw the check over all features together, with the features that drive it."""
    with card("All features together", granule, key="multivariate"):
        word, colour = {"drifted": ("Drifted", "red"), "stable": ("Within noise", "gray")}.get(
            result.verdict.value, ("Undecided", "gray")
        )
        with st.container(horizontal=True, gap="small"):
            st.badge(word, color=colour)  # type: ignore[arg-type]  # one of the colours above
            if result.auc is not None:
                st.badge(f"AUC {fixed(result.auc, 3)}", color="gray", help="0.5: current rows cannot be told apart")
            if result.p_value is not None:
                st.badge(f"p {p_value(result.p_value)}", color="gray")
        st.caption(
            "Whether a classifier can tell the current rows from the baseline's "
            f"({result.n_current:,} against {result.n_baseline:,} sampled rows)."
        )
        for reason in result.reasons:
            st.caption(plain(reason, limit=300))
        if result.drivers:
            st.dataframe(
                {"Feature": [name for name, _ in result.drivers], "Share": [share for _, share in result.drivers]},
                hide_index=True,
                column_config={
                    "Share": st.column_config.ProgressColumn(min_value=0.0, max_value=1.0, format="percent")
                },
                alt="Features by which the classifier tells current rows apart",
            )
