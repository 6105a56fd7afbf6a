"""What can be configured: every setting with its type, bounds, words and default."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "Between",
    "DriftSettings",
    "LogSettings",
    "MetricsSettings",
    "OneOf",
    "PerformanceSettings",
    "RetentionSettings",
    "Secret",
    "Settings",
    "SnapshotSettings",
]


@dataclass(frozen=True, slots=True)
class Between:
    """Numbers from `low` to `high`, both allowed; None is no bound."""

    low: float
    high: float | None = None

    def accepts(self, value: Any) -> bool:
        """Whether `value` is allowed."""
        return self.low <= value and (self.high is None or value <= self.high)

    def __str__(self) -> str:
        return f"at least {self.low:,}" if self.high is None else f"{self.low:,} to {self.high:,}"


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of a few words."""

    words: tuple[str, ...]

    def accepts(self, value: Any) -> bool:
        """Whether `value` is allowed."""
        return value in self.words

    def __str__(self) -> str:
        return " or ".join([", ".join(self.words[:-1]), self.words[-1]])


@dataclass(frozen=True, slots=True)
class Secret:
    """The value may hold a password and is never printed whole.

    Attributes
    ----------
    whole
        Everything is secret, not only the passwords of an address.
    """

    whole: bool = False


_Share = Between(0, 1)
_ONE_OR_MORE = Between(1)
_ZERO_OR_MORE = Between(0)


@dataclass(frozen=True, slots=True)
class DriftSettings:
    """Thresholds and bounds of drift detection; each can be overridden per model.

    Sizes (`psi_moderate` and the like) name the severity; they never alert on their own.
    """

    fdr: Annotated[float, Between(1e-6, 0.5), "False discovery rate of the step over one granule's features"] = 0.01
    dependence: Annotated[
        str,
        OneOf(("independent", "any")),
        "Between features: independent (Benjamini-Hochberg) or any (Benjamini-Yekutieli)",
    ] = "independent"
    min_debiased_psi: Annotated[float, Between(0, 10), "Smallest debiased PSI that can alert"] = 0.02
    confirm_hits: Annotated[int, Between(1, 100), "Granules that must show a finding before it alerts ..."] = 2
    confirm_of: Annotated[int, Between(1, 100), "... out of this many latest granules"] = 3
    window_granules: Annotated[
        int, Between(1, 400), "Granules judged together: each stands for itself and those before it, up to this many"
    ] = 1
    psi_moderate: Annotated[float, Between(0, 100), "PSI from which a change is moderate"] = 0.10
    psi_high: Annotated[float, Between(0, 100), "PSI from which a change is high"] = 0.25
    psi_critical: Annotated[float, Between(0, 100), "PSI from which a change is critical"] = 0.40
    ks_drift: Annotated[float, _Share, "KS distance that is marked as large"] = 0.30
    drifted_share_critical: Annotated[
        float, _Share, "Share of drifted features above which the granule as a whole is critical"
    ] = 0.30
    uncalibrated_psi: Annotated[
        float, Between(0, 100), "PSI that an alert also needs while the reference granules are too few to calibrate"
    ] = 0.25
    calibrated_from: Annotated[
        int, Between(2), "Reference granules from which the overdispersion correction is fully trusted"
    ] = 56
    calibrated_some: Annotated[
        int, Between(2), "Reference granules from which it is applied, with a badge; below, plain p-values"
    ] = 14
    min_rows: Annotated[int, _ONE_OR_MORE, 'Rows below which a granule is undecided: "not enough rows"'] = 50
    multivariate: Annotated[bool, "Also run the domain classifier over all features together"] = False
    sample_rows: Annotated[
        int, Between(0, 1_000_000), "Rows kept a granule for the multivariate check; 0 keeps none"
    ] = 2_000
    knots: Annotated[int, Between(20, 100_000), "Order statistics kept of each numeric baseline feature"] = 2_000
    max_levels: Annotated[
        int, Between(1, 1_000_000), "Distinct levels counted of a categorical baseline feature; the rest is pooled"
    ] = 20_000
    max_segments: Annotated[
        int, Between(1, 1_000), "Values of a segment column that are followed; the rest is pooled as (other)"
    ] = 20
    threads: Annotated[int, Between(0, 1_024), "Threads for counting; 0 means one a core"] = 0


@dataclass(frozen=True, slots=True)
class PerformanceSettings:
    """How labelled predictions are judged; each setting can be overridden per model.

    Levels (`f1_drop_minor` and the like) name the severity; they never advise on their own.
    """

    min_predictions: Annotated[int, _ONE_OR_MORE, "Labelled predictions below which there is no verdict"] = 100
    min_relevant: Annotated[
        int, _ONE_OR_MORE, "Effective relevant cases (TP + FP + FN, over the design effect) below which there is none"
    ] = 30
    horizon: Annotated[
        int, Between(-1, 100_000), "Granules after which a label is due; -1: the 95 % point of the delays seen so far"
    ] = -1
    coverage_partial: Annotated[float, _Share, "Share of due labels below which there is no verdict"] = 0.5
    coverage_full: Annotated[float, _Share, "Share of due labels below which a verdict is marked partial"] = 0.9
    f1_drop_minor: Annotated[float, _Share, "Relative drop of F1 from which it is minor (low)"] = 0.03
    f1_drop_moderate: Annotated[float, _Share, "Relative drop of F1 from which it is moderate"] = 0.05
    f1_drop_severe: Annotated[float, _Share, "Relative drop of F1 above which it is severe (high)"] = 0.10
    alarm_evidence: Annotated[float, Between(1, 1e9), "Evidence (e-value) at which the sequential alarm goes off"] = (
        20.0
    )
    switching_cost: Annotated[float, _Share, "What changing the version costs, in F1"] = 0.005
    cost_false_positive: Annotated[
        float, _ZERO_OR_MORE, "Cost of one false positive, in money; 0 with the next: losses are in F1"
    ] = 0.0
    cost_false_negative: Annotated[float, _ZERO_OR_MORE, "Cost of one false negative, in money"] = 0.0
    previous_half_life_days: Annotated[
        float, Between(1, 100_000), "Days in which what is known of the previous version loses half its weight"
    ] = 180.0
    threshold: Annotated[
        float, _Share, "Score from which a prediction is positive, where an upload has scores but no predictions"
    ] = 0.5
    keep_events_days: Annotated[
        int, _ZERO_OR_MORE, "Days that single predictions and labels are kept, to join late labels; 0: for good"
    ] = 400


@dataclass(frozen=True, slots=True)
class SnapshotSettings:
    """Bounds on uploads, and how long what was uploaded is kept."""

    max_bytes: Annotated[int, _ONE_OR_MORE, "Largest file accepted by HTTP and command line, in bytes"] = 20 * 2**30
    max_page_bytes: Annotated[
        int, _ONE_OR_MORE, "Largest file accepted in the page, in bytes (the browser's upload passes through memory)"
    ] = 1 * 2**30
    max_expanded_bytes: Annotated[int, _ONE_OR_MORE, "Largest size of a compressed file once expanded, in bytes"] = (
        200 * 2**30
    )
    max_columns: Annotated[int, Between(1, 100_000), "Most columns of a file"] = 10_000
    max_name_length: Annotated[int, Between(1, 10_000), "Longest name of a column, in characters"] = 200
    keep_rows: Annotated[bool, "Keep the rows of an accepted snapshot as Parquet, unless the upload says otherwise"] = (
        False
    )
    keep_days: Annotated[int, _ONE_OR_MORE, "Days after which kept rows are dropped"] = 90
    staged_hours: Annotated[
        int, _ONE_OR_MORE, "Hours after which a file that was uploaded but never confirmed is dropped"
    ] = 48


@dataclass(frozen=True, slots=True)
class RetentionSettings:
    """How long results and records of work are kept; the operators' trail is kept for good."""

    jobs_days: Annotated[int, _ONE_OR_MORE, "Days after which finished jobs are dropped from the list"] = 30
    runs_days: Annotated[
        int,
        _ZERO_OR_MORE,
        "Days after which drift runs are dropped, but for the latest of each model version; 0: never",
    ] = 0
    samples_days: Annotated[
        int, _ZERO_OR_MORE, "Days after which the rows sampled for the multivariate check are dropped; 0: never"
    ] = 90


@dataclass(frozen=True, slots=True)
class MetricsSettings:
    """Where the metrics of services come from: a Prometheus server, or targets that the app scrapes itself."""

    prometheus_url: Annotated[
        str, Secret(), "Address of a Prometheus, Mimir, Thanos or VictoriaMetrics; empty: the app scrapes `targets`"
    ] = field(default="", repr=False)
    prometheus_tenant: Annotated[str, "Sent as X-Scope-OrgID, for Mimir and the like"] = ""
    prometheus_headers: Annotated[
        str, Secret(whole=True), "Further headers for the server: `Name: value; Name: value`"
    ] = field(default="", repr=False)
    prometheus_username: Annotated[str, "User for basic authentication"] = ""
    prometheus_password: Annotated[str, Secret(whole=True), "Password for basic authentication"] = field(
        default="", repr=False
    )
    prometheus_bearer_token: Annotated[str, Secret(whole=True), "Token for bearer authentication"] = field(
        default="", repr=False
    )
    prometheus_ca_file: Annotated[str, "File of the certificates that the server's must be signed by"] = ""
    prometheus_client_cert: Annotated[str, "File of our own certificate, for servers that ask for one"] = ""
    prometheus_client_key: Annotated[str, "File of its key; empty: in the same file"] = ""
    prometheus_insecure: Annotated[bool, "Take any certificate; for tests only"] = False
    prometheus_timeout: Annotated[float, Between(0.1, 600), "Seconds after which a query is given up"] = 10.0
    prometheus_max_bytes: Annotated[int, _ONE_OR_MORE, "Largest answer that is read, in bytes"] = 268_435_456
    targets: Annotated[
        str, Secret(), "What is scraped, with commas: `job=http://host:port/metrics, job=http://host:port/metrics`"
    ] = field(default="", repr=False)
    scrape_self: Annotated[bool, "Scrape the app's own /metrics, too"] = True
    scrape_interval: Annotated[float, Between(0.1, 3_600), "Seconds between two scrapes of a target"] = 15.0
    scrape_timeout: Annotated[
        float, Between(0.05, 3_600), "Seconds after which a scrape is given up; never more than the interval"
    ] = 10.0
    scrape_max_bytes: Annotated[int, _ONE_OR_MORE, "Largest page of metrics that is read, in bytes, expanded"] = (
        16_777_216
    )
    max_series: Annotated[
        int, Between(1, 1_000_000), "Series that are followed at a time; new ones beyond are left out, visibly"
    ] = 5_000
    keep_days: Annotated[int, Between(1, 3_650), "Days that scraped samples are kept"] = 15


@dataclass(frozen=True, slots=True)
class LogSettings:
    """Which log files are searched, and how far a search may go."""

    folders: Annotated[str, "Folders of log files that are followed, with commas; empty: none"] = ""
    include: Annotated[str, "Names of the files in them that are read, with commas; * stands for anything"] = (
        "*.log, *.log.*, *.jsonl, *.jsonl.*"
    )
    exclude: Annotated[str, "Names that are not read: errors.log repeats lines of app.log"] = (
        "errors.log*, *.lock, *.tmp, *.new"
    )
    zone: Annotated[str, "Time zone of lines that name none, as Europe/Berlin"] = "UTC"
    keep_days: Annotated[int, _ONE_OR_MORE, "Days that lines stay searchable"] = 90
    poll_seconds: Annotated[float, Between(0.01, 60), "Seconds between two looks at files that do not grow"] = 0.2
    commit_seconds: Annotated[
        float, Between(0.05, 600), "Seconds after which lines are searchable at the latest while more keep coming"
    ] = 0.5
    max_line_bytes: Annotated[int, Between(1_024, 16_777_216), "Longest line that is kept whole, in bytes"] = 1_048_576
    max_expanded_bytes: Annotated[int, _ONE_OR_MORE, "Largest size of a packed log file once unpacked, in bytes"] = (
        8_589_934_592
    )
    search_seconds: Annotated[float, Between(0.05, 600), "Seconds after which a search answers with what it has"] = 5.0
    search_rows: Annotated[
        int, Between(1_000, 100_000_000), "Lines that a search looks at one by one (regular expressions) at most"
    ] = 300_000


_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
_FORMATS = ("native", "ecs", "otel", "datadog", "splunk")


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be configured."""

    data_dir: Annotated[Path, "Folder that holds the database, staged uploads and kept rows"] = Path("data")
    database_url: Annotated[
        str, Secret(), "Address of the database, sqlite:///... or postgresql://...; empty: SQLite in data_dir"
    ] = field(default="", repr=False)
    host: Annotated[str, "Address the app listens on; anything but 127.0.0.1 needs protection of its own"] = "127.0.0.1"
    port: Annotated[int, Between(0, 65_535), "Port the app listens on; 0 lets the system choose"] = 8501
    hosts: Annotated[
        str, "Further names under which browsers may reach the app, with commas; IP addresses always may"
    ] = ""
    log_level: Annotated[str, OneOf(_LEVELS), "Least level that is logged; LOG_LEVEL works, too"] = "INFO"
    log_format: Annotated[str, OneOf(_FORMATS), "Shape of a log line; LOG_FORMAT works, too"] = "native"
    drift: DriftSettings = field(default_factory=DriftSettings)
    performance: PerformanceSettings = field(default_factory=PerformanceSettings)
    snapshots: SnapshotSettings = field(default_factory=SnapshotSettings)
    metrics: MetricsSettings = field(default_factory=MetricsSettings)
    logs: LogSettings = field(default_factory=LogSettings)
    retention: RetentionSettings = field(default_factory=RetentionSettings)
    origins: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    """Where each value that is not a default came from, by dotted key; not itself a setting."""

    @property
    def database(self) -> str:
        """The database's address: `database_url`, or SQLite in `data_dir`."""
        return self.database_url or f"sqlite:///{(self.data_dir / 'monitor.db').absolute()}"

    @property
    def url(self) -> str:
        """Where a program on this machine finds the app.

        Examples
        --------
        >>> Settings().url, Settings(host="0.0.0.0", port=80).url, Settings(host="::1").url
        ('http://127.0.0.1:8501', 'http://127.0.0.1:80', 'http://[::1]:8501')
        """
        host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(self.host, self.host)  # noqa: S104 - read, not bound
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"
