"""Advice: the worked examples, the decision table with every bound from both sides, and what must always hold."""

from dataclasses import replace

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from monitor_core.performance import Advice, Evidence, advise
from monitor_core.settings import DriftSettings, PerformanceSettings
from monitor_core.stats import f1_interval
from monitor_core.values import Severity

ACTIONS = {"keep", "watch", "retrain", "roll_back", "not_enough_evidence"}


def evidence(**changes):
    """A healthy version: 900 of 1,600 relevant cases right, as in the baseline."""
    fields = {"current": (900, 700), "baseline": (900, 700), "predictions": 6_000, "labelled": 5_800}
    return Evidence(**{**fields, **changes})


FALLEN = {"current": (300, 500)}
SURE = {**FALLEN, "sustained": True}
BACK = {**SURE, "previous": (880, 720)}
DRIFT = {"drift_share": 0.31, "worst_psi": 0.1}


class TestWorkedExamples:
    def test_flagship(self):
        """F1 .67 against .72 on 1,234 predictions: watch, where others say retrain."""
        advice = advise(
            Evidence(current=(84, 83), baseline=(450, 350), previous=(430, 380), predictions=1234, labelled=1234)
        )
        assert advice.action == "watch"
        assert advice.f1 == pytest.approx(0.669323, abs=2e-6)
        drops = (advice.p_any_drop, advice.p_drop_5, advice.p_drop_10)
        assert drops == pytest.approx((0.920013, 0.655604, 0.281486), abs=2e-6)
        assert advice.p_previous_better == pytest.approx(0.389101, abs=2e-6)
        assert (advice.loss_stay, advice.loss_roll) == pytest.approx((0.030376, 0.010465), abs=2e-6)
        assert (advice.level, advice.severity) == ("moderate", Severity.LOW)

    def test_collapse(self):
        """F1 .545 against .72, sustained: roll back."""
        advice = advise(
            Evidence(
                current=(300, 500),
                baseline=(900, 700),
                previous=(880, 720),
                predictions=6000,
                labelled=5800,
                sustained=True,
            )
        )
        assert advice.action == "roll_back"
        assert advice.f1 == pytest.approx(0.545455, abs=2e-6)
        probabilities = (advice.p_any_drop, advice.p_drop_5, advice.p_drop_10, advice.p_previous_better)
        assert probabilities == pytest.approx((1, 1, 1, 1), abs=2e-6)
        assert (advice.loss_stay, advice.loss_roll) == pytest.approx((0.164174, 0.005), abs=2e-6)
        assert (advice.level, advice.severity) == ("severe", Severity.CRITICAL)


def _bare(probability, drop):
    """A bare baseline F1 for which P(F1 < (1 - drop) of it) is `probability`."""
    name = {0.0: "p_any_drop", 0.05: "p_drop_5"}[drop]
    return brentq(
        lambda f1: getattr(advise(evidence(baseline=None, baseline_f1=f1)), name) - probability, 0.5, 0.99, xtol=1e-14
    )


def _previous(of, target, scale=1.0):
    """Counts of a previous version (TP, 1000 - TP) for which `of` (a function of the advice) is `target`."""

    def pair(share):
        return (1000 * scale * share, 1000 * scale * (1 - share))

    share = brentq(lambda share: of(advise(evidence(**{**BACK, "previous": pair(share)}))) - target, 0.3, 0.9)
    return lambda nudge: pair(share + nudge)


AT_95, AT_80, AT_ANY = _bare(0.95, 0.05), _bare(0.80, 0.05), _bare(0.90, 0.0)
BETTER_AT_90 = _previous(lambda advice: advice.p_previous_better, 0.90)
BARE = {"baseline": None}
OLD_DRIFT = {**BACK, **DRIFT}

TABLE = [
    # not enough evidence: labelled predictions, effective relevant cases, coverage, baseline
    ("99 labelled", {"current": (40, 20), "labelled": 99, "predictions": 99}, "not_enough_evidence"),
    ("100 labelled", {"current": (40, 20), "labelled": 100, "predictions": 100}, "keep"),
    ("effective relevant just below 30", {"current": (50, 25), "design_effect": 2.51}, "not_enough_evidence"),
    ("effective relevant of 30", {"current": (50, 25), "design_effect": 2.5}, "keep"),
    ("coverage just below a half", {"labelled": 2_999}, "not_enough_evidence"),
    ("coverage of a half", {"labelled": 3_000}, "keep"),
    ("nothing due", {"current": (0, 0), "labelled": 0, "predictions": 0}, "not_enough_evidence"),
    ("no baseline", {"baseline": None}, "not_enough_evidence"),
    ("too little, whatever else", {**BACK, "labelled": 2_999, "data_fault": True}, "not_enough_evidence"),
    # faulty input comes before the model is blamed
    ("faulty input and a sure fall", {**BACK, "data_fault": True}, "watch"),
    ("faulty input, fall at .80", {**BARE, "baseline_f1": AT_80 + 1e-9, "data_fault": True}, "watch"),
    ("faulty input, no fall", {"data_fault": "age: 12 % missing"}, "keep"),
    # a sure and sustained fall
    ("fall at .95, sustained", {**BARE, "baseline_f1": AT_95 + 1e-9, "sustained": True}, "retrain"),
    ("fall just below .95, sustained", {**BARE, "baseline_f1": AT_95 - 1e-9, "sustained": True}, "watch"),
    ("fall sure, not sustained", {**BACK, "sustained": False}, "watch"),
    ("no previous version", SURE, "retrain"),
    ("previous better", BACK, "roll_back"),
    ("previous rests on 29 cases", {**BACK, "previous": (29, 0)}, "retrain"),
    ("previous rests on 30 cases", {**BACK, "previous": (30, 0)}, "roll_back"),
    ("previous aged below 30 cases", {**BACK, "previous": (59, 0), "previous_age_days": 180}, "retrain"),
    ("previous aged to 30 cases", {**BACK, "previous": (60, 0), "previous_age_days": 180}, "roll_back"),
    ("previous better at .90", {**BACK, "previous": BETTER_AT_90(1e-9)}, "roll_back"),
    ("previous better just below .90", {**BACK, "previous": BETTER_AT_90(-1e-9)}, "retrain"),
    ("switching costs less than it wins", {**BACK, "switching_cost": 0.164}, "roll_back"),
    ("switching costs more than it wins", {**BACK, "switching_cost": 0.165}, "retrain"),
    ("much drift, previous 180 days old", {**OLD_DRIFT, "previous_age_days": 180}, "roll_back"),
    ("much drift, previous 181 days old", {**OLD_DRIFT, "previous_age_days": 181}, "retrain"),
    ("little drift, previous 181 days old", {**BACK, "drift_share": 0.30, "previous_age_days": 181}, "roll_back"),
    # a likely fall
    ("fall at .80", {**BARE, "baseline_f1": AT_80 + 1e-9}, "watch"),
    ("fall just below .80, any at .90", {**BARE, "baseline_f1": AT_80 - 1e-9}, "watch"),
    ("any fall at .90", {**BARE, "baseline_f1": AT_ANY + 1e-9}, "watch"),
    ("any fall just below .90", {**BARE, "baseline_f1": AT_ANY - 1e-9}, "keep"),
    ("sustained without a sure fall", {"sustained": True}, "keep"),
    # drift
    ("30 % of the features", {"drift_share": 0.30}, "keep"),
    ("more than 30 % of the features", {"drift_share": 0.3001}, "watch"),
    ("PSI just below .4", {"worst_psi": 0.3999}, "keep"),
    ("PSI of .4", {"worst_psi": 0.4}, "watch"),
    ("nothing", {}, "keep"),
]


class TestDecisionTable:
    @pytest.mark.parametrize(("changes", "action"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
    def test_action(self, changes, action):
        """Each branch, and each bound from both sides."""
        assert advise(evidence(**changes)).action == action

    def test_probability_of_080_alone(self):
        """With a small baseline, a fall by more than 5 % can be likely while any fall is not surer than .90."""
        advice = advise(evidence(current=(18, 14), labelled=100, predictions=100, baseline=(7, 2)))
        assert advice.p_drop_5 >= 0.80
        assert advice.p_any_drop < 0.90
        assert advice.action == "watch"

    def test_bounds_are_settings(self):
        """Least counts and sizes of drift can be set."""
        strict = PerformanceSettings(min_predictions=10_000)
        assert advise(evidence(), settings=strict).action == "not_enough_evidence"
        assert advise(evidence(worst_psi=0.2), drift=DriftSettings(psi_critical=0.2)).action == "watch"

    @pytest.mark.parametrize(
        ("changes", "severity"),
        [
            ({}, Severity.NONE),
            ({"labelled": 2_999}, Severity.NONE),
            (FALLEN, Severity.LOW),
            ({**FALLEN, "data_fault": True}, Severity.MODERATE),
            (SURE, Severity.HIGH),
            (BACK, Severity.CRITICAL),
        ],
    )
    def test_severity(self, changes, severity):
        """What is shown without a message is low; a rollback is critical."""
        assert advise(evidence(**changes)).severity is severity

    @pytest.mark.parametrize(
        ("f1", "level"),
        [(0.6985, "none"), (0.6984, "minor"), (0.684, "moderate"), (0.648, "moderate"), (0.6479, "severe")],
    )
    def test_level_is_the_documents(self, f1, level):
        """From 3, from 5, above 10 % of .72, by size alone."""
        tp = 1e6 * f1 / (2 - f1)
        advice = advise(
            evidence(current=(tp, 1e6 - tp), baseline=None, baseline_f1=0.72, labelled=2e6, predictions=2e6)
        )
        assert advice.level == level


class TestParts:
    def test_without_previous(self):
        """What cannot be computed is None."""
        advice = advise(evidence())
        assert (advice.p_previous_better, advice.loss_stay, advice.loss_roll) == (None, None, None)

    def test_without_baseline(self):
        """No baseline, no probabilities; F1 and its interval are still there."""
        advice = advise(evidence(baseline=None))
        assert (advice.p_any_drop, advice.p_drop_5, advice.p_drop_10, advice.relative_drop) == (None,) * 4
        assert advice.f1_low < advice.f1 < advice.f1_high

    def test_undefined_f1(self):
        """Without a relevant case F1 is undefined, and so is a drop."""
        advice = advise(evidence(current=(0, 0)))
        assert (advice.f1, advice.f1_low, advice.f1_high, advice.relative_drop) == (None,) * 4

    def test_empty_baseline(self):
        """A baseline without a relevant case says nothing, and nothing breaks."""
        advice = advise(evidence(baseline=(0, 0)))
        assert advice.baseline_f1 is None
        assert 0.0 < advice.p_any_drop < 1.0

    def test_age_halves_every_180_days(self):
        """360 days later a quarter is left."""
        aged = advise(evidence(**BACK, previous_age_days=360))
        quarter = advise(evidence(**{**BACK, "previous": (220, 180)}))
        assert (aged.p_previous_better, aged.loss_stay) == (quarter.p_previous_better, quarter.loss_stay)

    def test_clustered_days_weigh_less(self):
        """A design effect makes a fall less sure, and its interval wider."""
        plain, clustered = (advise(evidence(current=(400, 420), design_effect=deff)) for deff in (1.0, 4.0))
        assert clustered.p_drop_5 < plain.p_drop_5
        assert clustered.f1_high - clustered.f1_low > 1.5 * (plain.f1_high - plain.f1_low)

    def test_few_clusters_make_the_interval_wider(self):
        """Student's t, as in the window that the evidence comes from."""
        advice = advise(evidence(current=(400, 420), design_effect=4.0, design_effect_dof=3))
        told = f1_interval(400, 420, deff=4.0, dof=3)
        assert (advice.f1_low, advice.f1_high) == (told.low, told.high)
        assert f"(95 % interval {told.low:.3f} to {told.high:.3f})" in " ".join(advice.reasons)

    def test_previous_version_has_a_design_effect_of_its_own(self):
        """Where it is not told, it is that of the current version."""
        same = advise(evidence(**BACK, design_effect=2.0))
        told = advise(evidence(**BACK, design_effect=2.0, previous_design_effect=2.0))
        other = advise(evidence(**BACK, design_effect=2.0, previous_design_effect=60.0))
        assert same.p_previous_better == told.p_previous_better > other.p_previous_better
        assert other.action == "retrain"

    def test_command_is_printed_for_a_rollback_only(self):
        """The command names what to go back to; nothing else has one."""
        names = {"model": "churn", "version": "2.0.0", "previous_version": "1.9.0"}
        advice = advise(evidence(**BACK, **names))
        assert "churn" in advice.command
        assert "1.9.0" in advice.command
        assert advise(evidence(**names)).command == ""

    def test_command_cannot_be_abused(self):
        """Names come from people: in the command they are quoted."""
        advice = advise(evidence(**BACK, model="a; rm -rf /", previous_version="$(x)"))
        assert advice.command.endswith("'a; rm -rf /:$(x)'")

    def test_same_evidence_same_advice(self):
        """Nothing is left to chance, with shadow predictions either."""
        held = evidence(**BACK, paired=(4000, 30, 20, 100, 50, 90, 20, 600))
        assert advise(held) == advise(held)


class TestPaired:
    CELLS = (4000, 20, 60, 100, 60, 150, 30, 600)

    def test_paired_is_surer(self):
        """On the same rows the difference shows where counts taken apart leave it open."""
        current, previous = (630, 370), (750, 210)
        fields = {"current": current, "predictions": 6_000, "labelled": 5_020}
        apart = advise(evidence(**fields, previous=(previous[0] / 10, previous[1] / 10)))
        paired = advise(evidence(**fields, paired=self.CELLS))
        assert paired.is_paired
        assert not apart.is_paired
        assert paired.p_previous_better > apart.p_previous_better

    def test_paired_does_not_age(self):
        """Rows that both predicted just now are no memory."""
        now, later = (advise(evidence(**SURE, paired=self.CELLS, previous_age_days=age)) for age in (0, 1000))
        assert now.p_previous_better == later.p_previous_better

    def test_swap_mirrors(self):
        """Exchanging the versions exchanges the losses, here too."""
        swapped = tuple(self.CELLS[cell] for cell in (0, 2, 1, 3, 4, 6, 5, 7))
        one, other = (advise(evidence(switching_cost=0, paired=cells)) for cells in (self.CELLS, swapped))
        assert (one.loss_stay, one.loss_roll) == pytest.approx((other.loss_roll, other.loss_stay), rel=1e-12)


COSTS = {
    "false_positives": 200,
    "false_negatives": 300,
    "cost_false_positive": 2,
    "cost_false_negative": 10,
    "predictions_per_day": 1_000,
}


class TestMoney:
    def test_losses_are_money_when_all_is_known(self):
        """Costs, a rate and the kinds of errors."""
        advice = advise(evidence(**BACK, **COSTS))
        assert advice.loss_unit == "money a day"
        assert advice.action == "roll_back"

    @pytest.mark.parametrize("name", ["cost_false_positive", "cost_false_negative", "predictions_per_day"])
    def test_else_they_are_f1(self, name):
        """Half of what is needed is not enough, and is said."""
        advice = advise(evidence(**BACK, **{**COSTS, name: None}))
        assert advice.loss_unit == "F1"
        assert any("Costs were given" in reason for reason in advice.reasons) or name == "predictions_per_day"

    def test_costly_misses_count_more(self):
        """A version that errs more costs more, the more so the dearer its errors."""
        dear = advise(evidence(**BACK, **{**COSTS, "cost_false_negative": 20}))
        cheap = advise(evidence(**BACK, **COSTS))
        assert dear.loss_stay > 1.5 * cheap.loss_stay


counts = st.integers(0, 3_000)
pairs = st.tuples(counts, counts)


def shares(low, high):
    """Counts of which a share between `low` and `high` is right."""
    return st.builds(
        lambda cases, share: (round(cases * share), cases - round(cases * share)),
        st.integers(30, 3_000),
        st.floats(low, high),
    )


@st.composite
def anything(draw):
    """Evidence of any kind."""
    tp, errors = draw(pairs)
    labelled = tp + errors + draw(counts)
    return Evidence(
        current=(tp, errors),
        baseline=draw(st.none() | pairs),
        previous=draw(st.none() | pairs),
        predictions=labelled + draw(counts),
        labelled=labelled,
        design_effect=draw(st.floats(1, 20)),
        drift_share=draw(st.none() | st.floats(0, 1)),
        worst_psi=draw(st.none() | st.floats(0, 2)),
        data_fault=draw(st.booleans()),
        previous_age_days=draw(st.floats(0, 1_000)),
        sustained=draw(st.booleans()),
        switching_cost=draw(st.floats(0, 0.1)),
        labels_per_day=draw(st.none() | st.floats(0, 1e6)),
        paired=draw(st.one_of(st.none(), st.none(), st.none(), st.tuples(*[counts] * 8))),
    )


class TestAlways:
    @settings(deadline=None, max_examples=60)
    @given(anything())
    def test_action_agrees_with_the_probabilities(self, held):
        """No action contradicts what is shown beside it."""
        advice = advise(held)
        assert advice.action in ACTIONS
        if advice.action in {"retrain", "roll_back"}:
            assert advice.p_drop_5 >= 0.95
            assert held.sustained
        if advice.action == "roll_back":
            assert advice.p_previous_better >= 0.90
            assert advice.loss_roll < advice.loss_stay
            assert advice.command
        if advice.action == "keep":
            assert advice.p_drop_5 < 0.80
            assert advice.p_any_drop < 0.90
        assert (advice.action == "not_enough_evidence") == bool(advice.missing)
        _is_consistent(advice)

    @settings(deadline=None, max_examples=80)
    @given(shares(0.2, 0.6), shares(0.5, 0.9), shares(0.5, 0.9), st.floats(1, 3), st.sampled_from([1.5, 10, 1_000]))
    def test_more_of_the_same_never_turns_roll_back_into_keep(self, current, baseline, previous, deff, factor):
        """All counts grow alike: what was sure becomes surer."""
        labelled = 2 * sum(current) + 100
        held = Evidence(
            current=current,
            baseline=baseline,
            previous=previous,
            predictions=labelled,
            labelled=labelled,
            design_effect=deff,
            sustained=True,
        )
        names = ("current", "baseline", "previous")
        scaled = replace(
            held,
            **{name: tuple(factor * count for count in getattr(held, name)) for name in names},
            predictions=factor * labelled,
            labelled=factor * labelled,
        )
        before = advise(held).action
        event(before)
        if before == "roll_back":
            assert advise(scaled).action in {"roll_back", "retrain"}

    @settings(deadline=None)
    @given(pairs, pairs, st.floats(1, 20))
    def test_swapping_the_versions_mirrors_the_losses(self, current, previous, deff):
        """Without switching cost and ageing, what one choice loses the other one wins."""
        fields = {
            "baseline": None,
            "predictions": 10_000,
            "labelled": 10_000,
            "design_effect": deff,
            "switching_cost": 0,
        }
        one = advise(Evidence(current=current, previous=previous, **fields))
        other = advise(Evidence(current=previous, previous=current, **fields))
        assert (one.loss_stay, one.loss_roll) == pytest.approx((other.loss_roll, other.loss_stay), abs=1e-12)


def _is_consistent(advice: Advice):
    if advice.p_any_drop is not None:
        assert 1.0 >= advice.p_any_drop >= advice.p_drop_5 >= advice.p_drop_10 >= 0.0
    if advice.loss_stay is not None:
        assert advice.loss_stay >= 0.0
        assert advice.loss_roll >= 0.0
        assert 0.0 <= advice.p_previous_better <= 1.0
    assert advice.reasons
    assert all(any(character.isdigit() for character in reason) for reason in advice.reasons[:2] if "no " not in reason)


@pytest.mark.parametrize("rate", [1e-308, 1e-5])
def test_a_rate_of_labels_next_to_nothing_is_said_to_be_one(rate):
    """No number of days, and no overflow."""
    advice = advise(evidence(predictions=100, labelled=20, current=(5, 5), labels_per_day=rate))
    assert any("more than a century" in line for line in advice.missing)
