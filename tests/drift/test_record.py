"""Results survive the way into the database and back."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor_core.drift.record import decode_granule, encode_granule, read_matrix, read_trend
from monitor_core.drift.results import (
    Calibration,
    CellState,
    FeatureDrift,
    FeatureKind,
    GranuleDrift,
    MultivariateDrift,
)
from monitor_core.errors import InvalidInput
from monitor_core.values import Severity, Verdict

FEATURE = FeatureDrift(
    name="age",
    kind=FeatureKind.NUMERIC,
    role="feature",
    n_baseline=1000,
    n_current=100,
    psi=0.3,
    psi_debiased=0.2,
    noise_floor=0.1,
    noise_q99=0.24,
    ks_low=0.2,
    ks_high=0.21,
    js=0.1,
    wasserstein=0.4,
    chi2=30.0,
    dof=9.0,
    p_value=1e-300,
    p_adjusted=1e-299,
    missing_share=0.0,
    missing_share_baseline=0.01,
    unseen_share=None,
    out_of_range_share=0.02,
    calibration=Calibration.SOME,
    severity=Severity.HIGH,
    verdict=Verdict.DRIFTED,
    confirmed=True,
    state=CellState.DRIFTED,
    reasons=("first", "größer — 漢字"),
)
NOTHING = replace(
    FEATURE,
    name="plan",
    kind=FeatureKind.CATEGORICAL,
    psi=None,
    psi_debiased=None,
    noise_q99=None,
    p_adjusted=None,
    missing_share=None,
    confirmed=None,
    severity=Severity.NONE,
    verdict=Verdict.UNDECIDED,
    state=CellState.ABSENT,
    reasons=(),
)


def granule(label="2026-01-01", **changes):
    made = GranuleDrift(
        label, "", 100, (FEATURE, NOTHING), 0.5, Severity.CRITICAL, Verdict.DRIFTED, None, ("a reason",)
    )
    return replace(made, **changes)


class TestRoundTrip:
    """Everything comes back as it was."""

    def test_every_field(self):
        """Numbers, nothing, words, sentences."""
        assert decode_granule(encode_granule(granule())) == granule()

    def test_the_multivariate_part(self):
        """With what it does not know."""
        found = MultivariateDrift(0.7, (0.5, 0.52), 0.001, 2000, 500, Verdict.DRIFTED, (("age", 0.9),), ("told apart",))
        unknown = MultivariateDrift(None, (), None, 0, 0, Verdict.UNDECIDED, (), ("too few rows",))
        for multivariate in (found, unknown):
            made = granule(multivariate=multivariate)
            assert decode_granule(encode_granule(made)) == made

    def test_no_features(self):
        """An empty table is a table."""
        made = granule(features=())
        assert decode_granule(encode_granule(made)) == made

    @given(st.text(max_size=30), st.floats(allow_nan=False), st.sampled_from(CellState))
    def test_any_name_number_and_state(self, name, psi, state):
        """Unicode, infinities, tiny values."""
        name = name.encode("utf-8", "replace").decode()
        made = granule(features=(replace(FEATURE, name=name, psi=psi, state=state),))
        assert decode_granule(encode_granule(made)) == made

    def test_numpy_numbers_become_plain_ones(self):
        """Equal results give equal bytes, wherever their numbers came from."""
        features = (replace(FEATURE, psi=np.float64(0.3), n_current=np.int64(100)), NOTHING)
        assert encode_granule(granule(features=features)) == encode_granule(granule())

    @pytest.mark.parametrize("payload", [b"", b"not arrow", encode_granule(granule())[:200]])
    def test_other_bytes_are_refused(self, payload):
        """By their number."""
        with pytest.raises(InvalidInput, match="cannot be read"):
            decode_granule(payload)

    def test_another_arrow_table_is_refused(self):
        """It does not say what it is."""
        sink = pa.BufferOutputStream()
        table = pa.Table.from_batches([], decode_schema())
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        with pytest.raises(InvalidInput, match="not a stored drift result"):
            decode_granule(bytes(sink.getvalue()))


def decode_schema():
    return pa.ipc.open_stream(encode_granule(granule())).schema.remove_metadata()


class TestMatrix:
    """A run as arrays."""

    def test_features_by_granules(self):
        """NaN where nothing could be computed; codes for states and severities."""
        labels = ["2026-01-01", "2026-01-02", "2026-01-03"]
        granules = [granule(label, n_rows=number) for number, label in enumerate(labels)]
        matrix = read_matrix("r", "", [encode_granule(one) for one in granules])
        assert (matrix.features, matrix.roles, matrix.granules) == (
            ("age", "plan"),
            ("feature", "feature"),
            tuple(labels),
        )
        assert matrix.psi.shape == (2, 3)
        assert matrix.psi[0].tolist() == [0.3] * 3
        assert np.isnan(matrix.psi[1]).all()
        assert [tuple(CellState)[code] for code in matrix.state[:, 0]] == [CellState.DRIFTED, CellState.ABSENT]
        assert matrix.severity[:, 2].tolist() == [Severity.HIGH.rank, Severity.NONE.rank]
        assert matrix.n_rows.tolist() == [0, 1, 2]

    def test_no_granules(self):
        """Empty arrays of the right shape."""
        matrix = read_matrix("r", "", [])
        assert (matrix.features, matrix.granules, matrix.psi.shape) == ((), (), (0, 0))

    def test_granules_of_other_features_are_refused(self):
        """A run has one set of features."""
        payloads = [encode_granule(granule()), encode_granule(granule(features=(FEATURE,)))]
        with pytest.raises(InvalidInput, match="do not hold the same features"):
            read_matrix("r", "", payloads)

    def test_the_trend_of_one_feature(self):
        """PSI and its noise, NaN where there is none."""
        payloads = [encode_granule(granule("1")), encode_granule(granule("2", features=(NOTHING, FEATURE)))]
        labels, values = read_trend(payloads, "age")
        assert (labels, values.tolist()) == (("1", "2"), [[0.3, 0.24], [0.3, 0.24]])
        assert np.isnan(read_trend(payloads, "plan")[1]).all()
        assert np.isnan(read_trend(payloads, "height")[1]).all()
