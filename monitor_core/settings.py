"""Typed settings; the only module that reads the environment (standard library only)."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["DriftSettings", "Settings", "SnapshotSettings"]


@dataclass(frozen=True, slots=True)
class DriftSettings:
    """Thresholds and bounds of drift detection; each can be overridden per model.

    Sizes (`psi_moderate` and the like) name the severity; they never alert on their own.
    """

    fdr: float = 0.01
    """False discovery rate of the Benjamini-Hochberg step over one granule's features."""
    dependence: str = "independent"
    """``independent`` (Benjamini-Hochberg) or ``any`` (Benjamini-Yekutieli)."""
    min_debiased_psi: float = 0.02
    """Smallest debiased PSI that can alert."""
    confirm_hits: int = 2
    """Granules that must show the finding ..."""
    confirm_of: int = 3
    """... out of this many latest granules, before it alerts."""
    psi_moderate: float = 0.10
    psi_high: float = 0.25
    psi_critical: float = 0.40
    ks_drift: float = 0.30
    drifted_share_critical: float = 0.30
    """Share of drifted features above which the granule as a whole is critical."""
    uncalibrated_psi: float = 0.25
    """PSI that an alert also needs while the reference granules are too few to calibrate."""
    calibrated_from: int = 56
    """Reference granules from which the overdispersion correction is fully trusted."""
    calibrated_some: int = 14
    """Reference granules from which it is applied, with a badge; below, plain p-values."""
    min_rows: int = 50
    """Rows below which a granule is undecided: "not enough rows"."""
    multivariate: bool = False
    """Also run the domain classifier over all features together."""
    sample_rows: int = 2_000
    """Rows kept a granule for the multivariate check; 0 keeps none."""
    knots: int = 2_000
    """Order statistics kept of each numeric baseline feature."""
    max_levels: int = 20_000
    """Distinct levels counted of a categorical baseline feature; the rest is pooled."""
    max_segments: int = 20
    """Values of a segment column that are followed; the rest is pooled as ``(other)``."""
    threads: int = 0
    """Threads for counting; 0 means one a core."""


@dataclass(frozen=True, slots=True)
class SnapshotSettings:
    """Bounds on uploads, and how long what was uploaded is kept."""

    max_bytes: int = 20 * 2**30
    """Largest file accepted by HTTP and CLI."""
    max_page_bytes: int = 1 * 2**30
    """Largest file accepted in the page (the browser's upload passes through memory)."""
    max_expanded_bytes: int = 200 * 2**30
    """Largest size of a compressed file once expanded."""
    max_columns: int = 10_000
    max_name_length: int = 200
    keep_rows: bool = False
    """Keep the rows of an accepted snapshot as Parquet."""
    keep_days: int = 90
    """Days after which kept rows are dropped."""
    staged_hours: int = 48
    """Hours after which a file that was uploaded but never confirmed is dropped."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be configured."""

    data_dir: Path = Path("data")
    """Folder that holds the database, staged uploads and kept rows."""
    database_url: str = ""
    """SQLAlchemy address; empty means SQLite in `data_dir`."""
    host: str = "127.0.0.1"
    port: int = 8501
    log_level: str = "INFO"
    log_format: str = "native"
    drift: DriftSettings = field(default_factory=DriftSettings)
    snapshots: SnapshotSettings = field(default_factory=SnapshotSettings)
