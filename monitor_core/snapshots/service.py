"""Uploads from arrival to removal: stage, preview, check, accept, open, keep, delete, prune."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, BinaryIO

from monitor_core.errors import Conflict, NotFound, Refused
from monitor_core.snapshots import rows
from monitor_core.snapshots.bundle import write_bundle
from monitor_core.snapshots.check import CheckResult, check_columns, check_table
from monitor_core.snapshots.files import open_upload, sniff
from monitor_core.snapshots.findings import CheckFinding
from monitor_core.snapshots.keep import write_rows
from monitor_core.snapshots.parquet import open_parquet
from monitor_core.snapshots.previews import preview_of
from monitor_core.snapshots.prune import Pruned, prune
from monitor_core.snapshots.reopen import note_opened, reopen
from monitor_core.snapshots.roles import Roles
from monitor_core.snapshots.staging import Staging

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import Connection, Engine

    from monitor_core.clock import Clock
    from monitor_core.settings import Settings
    from monitor_core.snapshots.records import Preview, Purpose, Snapshot
    from monitor_core.snapshots.sources import TableSource
    from monitor_core.storage.trail import Trail
    from monitor_core.values import ModelRef

    Progress = Callable[[float, str], None]

__all__ = ["SnapshotService"]


class SnapshotService:
    """Everything that can be done with uploaded files.

    Parameters
    ----------
    engine
        The database.
    settings
        Folders and bounds.
    trail
        Where operators' actions are recorded.
    now
        The source of time.
    """

    def __init__(self, engine: Engine, settings: Settings, trail: Trail, now: Clock) -> None:
        self._engine = engine
        self._limits = settings.snapshots
        self._staging = Staging(settings)
        self._trail = trail
        self._now = now

    def stage(self, source: Path | BinaryIO, *, filename: str, ref: ModelRef, purpose: Purpose, actor: str) -> Snapshot:
        """Take a file in, without looking further than its format.

        Parameters
        ----------
        source
            A file, or anything with ``read``; it is streamed, never held in memory.
        filename
            What the user calls it; only shown.

        Returns
        -------
        Snapshot
            In the state ``staged``, with `duplicate_of` set when the same content was accepted before.

        Raises
        ------
        NotFound
            When there is no such model version.
        Refused
            When it is empty, too large, or of a format that is not read; nothing is left behind.
        """
        with self._engine.connect() as connection:
            rows.lock_version(connection, ref)
        snapshot_id = secrets.token_hex(10)
        name = _shown_name(filename)
        written = self._staging.receive(snapshot_id, source, filename=name)
        try:
            form = sniff(self._staging.upload(snapshot_id), name=name)
            with self._engine.begin() as connection:
                rows.add(
                    connection,
                    {
                        "snapshot_id": snapshot_id,
                        "model_id": ref.model_id,
                        "version": ref.version,
                        "purpose": purpose,
                        "state": "staged",
                        "filename": name,
                        "sha256": written.sha256,
                        "size_bytes": written.size_bytes,
                        "format": form.value,
                        "uploaded_at": self._now(),
                        "uploaded_by": actor,
                    },
                )
                staged = rows.find(connection, snapshot_id)
                detail = {"model": str(ref), "purpose": purpose, "sha256": written.sha256, "bytes": written.size_bytes}
                self._trail.record(
                    "snapshot.upload", f"{name} ({snapshot_id})", actor=actor, detail=detail, connection=connection
                )
        except BaseException:
            self._staging.drop(snapshot_id)
            raise
        return staged

    def stage_many(
        self, sources: Sequence[tuple[str, Path | BinaryIO]], *, ref: ModelRef, purpose: Purpose, actor: str
    ) -> Snapshot:
        """Take several files in as one table, such as the months of a baseline; one file is staged as it is.

        Parameters
        ----------
        sources
            ``(filename, file)``; they need the same columns.

        Raises
        ------
        Refused, NotFound
            As `stage`.
        """
        if len(sources) == 1:
            return self.stage(sources[0][1], filename=sources[0][0], ref=ref, purpose=purpose, actor=actor)
        with write_bundle(sources, self._limits.max_bytes) as bundle:
            names = f"{_shown_name(sources[0][0])} and {len(sources) - 1} more"
            return self.stage(bundle, filename=names, ref=ref, purpose=purpose, actor=actor)

    def preview(self, snapshot_id: str, *, rows: int = 20) -> Preview:
        """Return a first look at an upload: columns, proposed roles, the first rows.

        Raises
        ------
        NotFound
            When there is no such snapshot, or its file is gone.
        Refused
            When already the beginning cannot be read.
        """
        snapshot = self.get(snapshot_id)
        _, remembered = self._model(snapshot)
        return preview_of(
            snapshot,
            self._upload(snapshot),
            rows=rows,
            limits=self._limits,
            remembered=Roles.from_json(remembered) if remembered else None,
        )

    def check(
        self,
        snapshot_id: str,
        roles: Roles,
        *,
        expected: Mapping[str, str] | None = None,
        progress: Progress | None = None,
    ) -> CheckResult:
        """Look at every row and return what is wrong; a damaged file is a result with refusals, too.

        Of predictions and labels only the columns are looked at: their rows are when they are taken in.

        Parameters
        ----------
        roles
            What the columns are for.
        expected
            Kind of each column of the active baseline (``numeric``, ``categorical``, ``boolean``, ``datetime``); None
            for an upload that becomes a baseline.
        progress
            Called with the share done (0..1) and a note; may raise `Cancelled`.
        """
        snapshot = self.get(snapshot_id)
        granularity, _ = self._model(snapshot)
        tell = progress or (lambda share, note: None)  # noqa: ARG005 - a silent progress
        try:
            source = self._open(snapshot, expected or {}, lambda share, note: tell(share / 2, note))
            by_date = not granularity.startswith("rows")
            if snapshot.purpose in ("predictions", "labels"):
                return check_columns(source, roles, purpose=snapshot.purpose, needs_date=by_date)
            return check_table(
                source,
                roles,
                now=self._now(),
                expected=expected,
                needs_date=snapshot.purpose == "current" and by_date,
                progress=lambda share, note: tell(0.5 + share / 2, note),
            )
        except Refused as error:
            reasons = error.reasons or (error.message,)
            said = tuple(
                CheckFinding("refusal", f"{error.message}: {reason}", allowed=error.hint) for reason in reasons
            )
            return CheckResult(0, 0, said, roles)

    def accept(
        self,
        snapshot_id: str,
        roles: Roles,
        *,
        keep_rows: bool,
        actor: str,
        connection: Connection,
    ) -> None:
        """Confirm an upload with its roles; a refused one can be confirmed again with others.

        Raises
        ------
        Conflict
            When it is accepted, ready or deleted already, or the same content was accepted before.
        NotFound
            When there is no such snapshot, or its file is gone.
        """
        found = rows.find(connection, snapshot_id)
        rows.lock_version(connection, found.ref)
        found = rows.find(connection, snapshot_id)
        if found.duplicate_of is not None and found.state in ("staged", "refused"):
            raise Conflict(
                f"{found.filename!r} has the same content as an upload that was accepted before",
                hint=f"delete snapshot {found.duplicate_of} first to count it again",
            )
        if found.state in ("staged", "refused"):
            self._upload(found)
        rows.change(
            connection,
            snapshot_id,
            states=("staged", "refused"),
            state="accepted",
            roles=roles.to_json(),
            keep_rows=keep_rows,
            findings=None,
        )
        self._trail.record(
            "snapshot.accept",
            f"{found.filename} ({snapshot_id})",
            actor=actor,
            detail={
                "model": str(found.ref),
                "purpose": found.purpose,
                "keep_rows": keep_rows,
                "roles": roles.to_json(),
            },
            connection=connection,
        )

    def mark_ready(
        self,
        snapshot_id: str,
        *,
        result: CheckResult,
        first_granule: str | None = None,
        last_granule: str | None = None,
        connection: Connection,
    ) -> None:
        """Say that everything in an accepted snapshot is counted; call `tidy` when the transaction has ended.

        Raises
        ------
        Conflict
            When it is not accepted (any more): it was deleted meanwhile.
        """
        rows.change(
            connection,
            snapshot_id,
            states=("accepted",),
            state="ready",
            n_rows=result.n_rows,
            n_columns=result.n_columns,
            first_granule=first_granule,
            last_granule=last_granule,
            findings=[finding.to_json() for finding in result.findings],
            rows_kept=self._staging.kept(snapshot_id).is_file(),
            ready_at=self._now(),
        )

    def mark_refused(
        self, snapshot_id: str, findings: Sequence[CheckFinding], *, connection: Connection | None = None
    ) -> None:
        """Say why an accepted snapshot cannot be used; its file stays for another try until it expires.

        Raises
        ------
        Conflict
            When it is not accepted (any more).
        """
        if connection is None:
            with self._engine.begin() as own:
                self.mark_refused(snapshot_id, findings, connection=own)
            return
        said = [finding.to_json() for finding in findings]
        rows.change(connection, snapshot_id, states=("accepted",), state="refused", findings=said)

    def open(self, snapshot_id: str) -> TableSource:
        """Return the rows of a snapshot: the kept ones, or those of its upload while that is there.

        Raises
        ------
        NotFound
            When the rows were dropped after counting.
        Refused
            When the upload is damaged.
        """
        return self._open(self.get(snapshot_id), None, None)

    def write_kept(self, snapshot_id: str, *, progress: Progress | None = None) -> bool:
        """Keep the rows of an accepted snapshot if the user wants that; return whether they are kept.

        Call it before the transaction that ends in `mark_ready`.
        """
        snapshot = self.get(snapshot_id)
        if not snapshot.keep_rows:
            return False
        write_rows(self._open(snapshot, None, None), self._staging.kept(snapshot_id), progress=progress)
        return True

    def tidy(self, snapshot_id: str) -> None:
        """Drop the upload of a snapshot that is counted; `prune` does the same for one that was forgotten."""
        if self.get(snapshot_id).state in ("ready", "deleted"):
            self._staging.drop(snapshot_id)

    def get(self, snapshot_id: str) -> Snapshot:
        """Return one snapshot.

        Raises
        ------
        NotFound
            When there is none of this id.
        """
        with self._engine.connect() as connection:
            return rows.find(connection, snapshot_id)

    def delete(self, snapshot_id: str, *, actor: str) -> None:
        """Remove the file, the kept rows and what the snapshot added to its granules; its row stays, marked.

        A baseline that was made from it stays as it is.

        Raises
        ------
        NotFound
            When there is none of this id.
        Conflict
            When it is deleted already.
        """
        with self._engine.begin() as connection:
            found = rows.find(connection, snapshot_id)
            living = ("staged", "accepted", "ready", "refused")
            rows.change(connection, snapshot_id, states=living, state="deleted", rows_kept=False)
            rows.drop_summaries(connection, snapshot_id)
            self._trail.record(
                "snapshot.delete",
                f"{found.filename} ({snapshot_id})",
                actor=actor,
                detail={"model": str(found.ref), "purpose": found.purpose, "state": found.state, "rows": found.n_rows},
                connection=connection,
            )
        self._staging.drop(snapshot_id)
        self._staging.drop_kept(snapshot_id)

    def prune(self, now: datetime) -> Pruned:
        """Remove uploads that nobody confirmed, kept rows past their time, and what interrupted work left behind."""
        return prune(self._engine, self._staging, self._limits, now)

    def _model(self, snapshot: Snapshot) -> tuple[str, Mapping[str, object] | None]:
        with self._engine.connect() as connection:
            return rows.granularity(connection, snapshot.ref.model_id)

    def _upload(self, snapshot: Snapshot) -> Path:
        path = self._staging.upload(snapshot.snapshot_id)
        if not path.is_file():
            raise NotFound(
                f"the rows of {snapshot.filename!r} are no longer there (the snapshot is {snapshot.state})",
                hint="keep the rows of a snapshot to use them again, or upload it once more",
            )
        return path

    def _open(self, snapshot: Snapshot, expected: Mapping[str, str] | None, progress: Progress | None) -> TableSource:
        kept = self._staging.kept(snapshot.snapshot_id)
        if snapshot.rows_kept and kept.is_file():
            return open_parquet(kept, name=snapshot.filename)
        upload = self._upload(snapshot)
        folder = self._staging.work(snapshot.snapshot_id)
        note = folder / "opened.json"
        if (known := reopen(note, expected=expected)) is not None:
            return known
        source = open_upload(
            upload, folder, name=snapshot.filename, limits=self._limits, expected=expected, progress=progress
        )
        note_opened(source, note, expected=expected or {})
        return source

    def list(self, ref: ModelRef | None = None, *, limit: int | None = None) -> tuple[Snapshot, ...]:
        """Return the snapshots of a model version (or all), the newest first, deleted ones included."""
        with self._engine.connect() as connection:
            return rows.find_all(connection, ref, limit=limit)


def _shown_name(filename: str) -> str:
    """Return the last part of a name as the user gave it, printable and of bounded length."""
    last = filename.replace("\\", "/").rstrip("/").rpartition("/")[2]
    printable = "".join(character for character in last if character.isprintable()).strip()
    return printable[-200:] or "upload"
