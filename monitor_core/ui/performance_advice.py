"""Performance: the advice with its reasons and probabilities, and what was decided on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from monitor_core.errors import MonitorError
from monitor_core.insight.advice import hash_of
from monitor_core.reports.numbers import fixed
from monitor_core.ui.frame import card, zone
from monitor_core.ui.jobs import actor
from monitor_core.ui.performance_words import ACTION, DECISIONS, advice_badge
from monitor_core.ui.tables import table
from monitor_core.ui.text import plain
from monitor_core.ui.words import moment

if TYPE_CHECKING:
    from monitor_core.performance.advice import Advice, Evidence
    from monitor_core.runtime import Services
    from monitor_core.ui.performance_reads import Reads

__all__ = ["acknowledge", "draw_advice", "draw_decisions"]

_PROBABILITIES = "Probabilities and losses behind the advice"


def draw_advice(reads: Reads) -> None:
    """Draw what to do, why, how sure that is, and the button that records a decision."""
    evidence, advice = reads.advice()
    word, colour, icon = advice_badge(advice)
    with card("Advice", f":{colour}-badge[{icon} {word}]", key="advice"):
        first, *others = advice.reasons or ("There is nothing to say yet.",)
        st.markdown(plain(first, limit=600))
        for line in advice.missing:
            st.markdown(f"- {plain(line, limit=300)}")
        rows = _probabilities(advice)
        is_enough = advice.action != "not_enough_evidence"
        if rows and is_enough:
            st.table(rows, border="horizontal", alt=_PROBABILITIES)
        if others or rows:
            with st.expander("Why, in full", icon=":material/list:"):
                for reason in others:
                    st.markdown(f"- {plain(reason, limit=600)}")
                if rows and not is_enough:
                    st.caption("What follows from so little rests mostly on what was assumed beforehand:")
                    st.table(rows, border="horizontal", alt=_PROBABILITIES)
        if advice.command:
            st.caption("Nothing is ever done by itself. To do it:")
            st.code(advice.command, language="bash", wrap_lines=True)
        if st.button("Record a decision", icon=":material/gavel:", key="decide"):
            _decide(reads, evidence, advice)


def draw_decisions(app: Services, reads: Reads) -> None:
    """Draw who decided what, when, why and on which evidence."""
    found = app.performance.decisions(reads.ref.model_id, limit=200)
    with card("Decisions", "latest first", key="decisions"):
        if not found:
            st.caption("Nothing was decided yet. A decision records who, why, and the evidence it rests on.")
            return
        here = zone()
        table(
            {
                "When": [moment(one.decided_at, here) for one in found],
                "Version": [one.ref.version for one in found],
                "Decided": [DECISIONS.get(one.action, one.action) for one in found],
                "Advised": [ACTION[one.advised][0] if one.advised in ACTION else "–" for one in found],
                "Reason": [one.reason for one in found],
                "By": [one.decided_by for one in found],
                "Evidence": [one.evidence_sha256[:12] for one in found],
            },
            name=f"decisions_{reads.ref.model_id}",
            alt="Decisions on this model",
        )


def _probabilities(advice: Advice) -> dict[str, str]:
    rows = {
        "P(any drop)": _percent(advice.p_any_drop),
        "P(drop > 5 %)": _percent(advice.p_drop_5),
        "P(drop > 10 %)": _percent(advice.p_drop_10),
        "P(previous better by > 5 %)": _percent(advice.p_previous_better),
        "Expected loss of staying": _loss(advice.loss_stay, advice.loss_unit),
        "Expected loss of rolling back": _loss(advice.loss_roll, advice.loss_unit),
    }
    return {name: value for name, value in rows.items() if value}


def _percent(probability: float | None) -> str:
    if probability is None:
        return ""
    if probability > 0.999:
        return "over 99.9 %"
    return "under 0.1 %" if probability < 0.001 else f"{100 * probability:.1f} %"


def _loss(value: float | None, unit: str) -> str:
    return "" if value is None else f"{fixed(value, 4 if unit == 'F1' else 2)} {unit}"


@st.dialog("Record a decision", icon=":material/gavel:")
def _decide(reads: Reads, evidence: Evidence, advice: Advice) -> None:
    st.caption(
        f"Advised: {ACTION[advice.action][0].lower()}. The decision is kept with your name, the reason and the "
        f"evidence ({hash_of(evidence)[:12]}). Nothing is deployed or rolled back from here."
    )
    options: dict[str, Any] = {words: action for action, words in DECISIONS.items()}
    likely = list(DECISIONS).index(advice.action) if advice.action in DECISIONS else 0
    with st.form("decision", border=False):
        chosen = st.selectbox("Decision", list(options), index=likely)
        reason = st.text_area("Why", max_chars=2_000, placeholder="What speaks for it, and what happens next")
        by = st.text_input("By", value=actor(), max_chars=100)
        sent = st.form_submit_button("Record", type="primary", key="go-record")
    if not sent:
        return
    action = options[str(chosen)]
    _record(reads, evidence, action=action, reason=reason or "", by=by or "", done="Decision recorded")


def acknowledge(reads: Reads) -> None:
    """Draw the button that takes note of an alarm: the evidence is then gathered anew."""
    with st.popover("Acknowledge", icon=":material/notifications_off:", key="acknowledge"):
        st.caption("The alarm has been seen. What led to it stays behind, and evidence is gathered anew from here on.")
        with st.form("acknowledge-form", border=False):
            reason = st.text_input("Why", max_chars=2_000, placeholder="What is being done about it")
            by = st.text_input("By", value=actor(), max_chars=100)
            sent = st.form_submit_button("Acknowledge the alarm", type="primary", key="go-acknowledge")
        if sent:
            evidence, _ = reads.advice()
            _record(reads, evidence, action="acknowledge", reason=reason or "", by=by or "", done="Alarm acknowledged")


def _record(reads: Reads, evidence: Evidence, *, action: Any, reason: str, by: str, done: str) -> None:
    try:
        reads.app.advice.decide(
            reads.ref,
            action=action,
            reason=reason,
            actor=by.strip() or actor(),
            window=reads.asked.window,
            seen=hash_of(evidence),
        )
    except MonitorError as error:
        st.error(f"{plain(error.message, limit=400)} {plain(error.hint or '', limit=300)}")
        return
    st.toast(done, icon=":material/gavel:")
    st.rerun()
