"""The same rules as the intake, row by row in plain Python: slow, and easy to read."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from monitor_core.performance.counts import FIXED_POINT, Counts

SOON = 2


@dataclass
class Prediction:
    predicted: int
    score: float | None
    segment: str
    cell: str | None
    recorded: int


@dataclass
class Label:
    label: int
    observed: int | None
    recorded: int


@dataclass
class World:
    """What is known after some deliveries; days are numbers."""

    predictions: dict = field(default_factory=dict)  # (version, day, entity) -> Prediction
    labels: dict = field(default_factory=dict)  # (day, entity) -> Label
    waiting: dict = field(default_factory=dict)  # entity -> Label
    corrections: Counter = field(default_factory=Counter)  # (version, day, segment)

    def deliver(self, kind, rows, today):
        """Take rows in; each is a dict."""
        fixed = [dict(row) for row in rows]
        if kind == "undated":
            fixed = [row for row in fixed if self._place(row)]
        before = {key: (p.predicted, p.score, p.segment) for key, p in self.predictions.items()}
        known = {key: item.label for key, item in self.labels.items()}
        self._predict(kind, fixed, today)
        self._label(kind, fixed, today)
        if kind in ("predictions", "labelled"):
            self._join(fixed, today)
        self._correct(before, known)

    def _place(self, row):
        days = {day for _, day, entity in self.predictions if entity == row["id"]}
        row["day"] = next(iter(days)) if len(days) == 1 else None
        return len(days) <= 1

    def _predict(self, kind, rows, today):
        if kind not in ("predictions", "labelled"):
            return
        for key, row in {(row["version"], row["day"], row["id"]): row for row in rows}.items():
            old = self.predictions.get(key)
            new = Prediction(
                row["predicted"], row["score"], row["segment"], row["cell"], old.recorded if old else today
            )
            if old is None or (old.predicted, old.score, old.segment) != (new.predicted, new.score, new.segment):
                self.predictions[key] = new

    def _label(self, kind, rows, today):
        if kind == "predictions":
            return
        for row in rows:
            row_key = (row["day"], row["id"])
            if row["label"] is None:
                continue
            shelf, key = (self.waiting, row["id"]) if row["day"] is None else (self.labels, row_key)
            last = [r for r in rows if (r["day"], r["id"]) == row_key and r["label"] is not None][-1]
            if row is not last:
                continue
            if key in shelf:
                shelf[key].label = row["label"]
            else:
                shelf[key] = Label(row["label"], row["known"], today)

    def _join(self, rows, today):
        days = defaultdict(set)
        for row in rows:
            days[row["id"]].add(row["day"])
        for entity, found in days.items():
            if entity in self.waiting and len(found) == 1:
                item = self.waiting.pop(entity)
                key = (next(iter(found)), entity)
                if key not in self.labels:
                    self.labels[key] = Label(item.label, item.observed, today)

    def _correct(self, before, known):
        for (version, day, entity), item in self.predictions.items():
            old = before.get((version, day, entity))
            label = known.get((day, entity))
            if old is None:
                continue
            replaced = old != (item.predicted, item.score, item.segment)
            if replaced or (label is not None and label != self.labels[day, entity].label):
                for segment in {"", item.segment}:
                    self.corrections[version, day, segment] += 1

    # ------------------------------------------------------------------ what follows from it
    def rows(self, version, day, segment=""):
        for (v, d, entity), item in self.predictions.items():
            if (v, d) == (version, day) and segment in ("", item.segment):
                yield entity, item, self.labels.get((d, entity))

    def days(self, version, segment=""):
        return sorted({d for v, d, _ in self.predictions if v == version and any(self.rows(v, d, segment))})

    def counts(self, version, day, segment=""):
        total = Counts()
        for _, item, label in self.rows(version, day, segment):
            total += _counted(item, label)
        return total + Counts(corrections=self.corrections[version, day, segment])

    def delays(self, version, day):
        found = Counter()
        for _, item, label in self.rows(version, day):
            if label is None:
                continue
            if label.observed is not None:
                found[max(label.observed - day, 0)] += 1
            elif item.recorded - day <= SOON and label.recorded >= day:
                found[label.recorded - day] += 1
        return {delay: number for delay, number in found.items() if number}

    def cells(self, version, day):
        found = Counter()
        for _, item, label in self.rows(version, day):
            if label is not None and item.cell is not None:
                found[item.cell, _outcome(item, label)] += 1
        return dict(found)

    def entities(self, version, day):
        return {
            entity: (int(_outcome(item, label) == "TP"), int(_outcome(item, label) in ("FP", "FN")))
            for entity, item, label in self.rows(version, day)
            if label is not None and _outcome(item, label) != "TN"
        }

    def pairs(self, a, b):
        eight = [0] * 8
        for (v, day, entity), item in self.predictions.items():
            other, label = self.predictions.get((b, day, entity)), self.labels.get((day, entity))
            if v == a and other is not None and label is not None:
                eight[4 * label.label + 2 * item.predicted + other.predicted] += 1
        return eight


def _outcome(item, label):
    return {(1, 1): "TP", (1, 0): "FP", (0, 1): "FN", (0, 0): "TN"}[item.predicted, label.label]


def _counted(item, label):
    if label is None:
        return Counts(predictions=1)
    outcome = _outcome(item, label)
    names = {"TP": "true_positives", "FP": "false_positives", "FN": "false_negatives", "TN": "true_negatives"}
    counts = Counts(predictions=1, **{names[outcome]: 1})
    if item.score is None:
        return counts
    brier = (item.score - label.label) ** 2
    given = item.score if label.label == 1 else 1 - item.score
    log_loss = -math.log(min(max(given, 1e-15), 1 - 1e-15))
    sums = [round(part * FIXED_POINT) for part in (brier, brier**2, log_loss, log_loss**2)]
    return counts + Counts(0, 0, 0, 0, 0, 1, *sums)
