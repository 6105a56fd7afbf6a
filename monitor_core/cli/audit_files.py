"""`audit verify --logs` and `audit prove`: the predictions' trail in a folder of logs; needs no database."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from monitor_core.cli.edge import FINDING
from monitor_core.cli.output import show
from monitor_core.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Sequence

from pathlib import Path

__all__ = ["prove", "verify_folder"]


def verify_folder(folder: Path, *, key_file: Path | None, anchors: Sequence[str], as_json: bool) -> None:
    """Check the predictions' trail of a folder; exit with 1 when something does not fit."""
    from monitor_core.logs.audit_check import check_audit  # noqa: PLC0415 - only this command needs it

    found = check_audit(folder, key=_key(key_file), anchors=[_anchor(text) for text in anchors])
    text = f"{found.records} records"
    if found.records:
        text += f", the last is {found.last}:{found.last_hash} (an anchor to keep elsewhere)"
    text += f"\n{found.sealed_days} days sealed"
    if found.unsealed:
        text += f"; {found.unsealed} records after them could be cut off unnoticed, unless an anchor says otherwise"
    text += "\nthe trail is intact" if not found.broken else f"\nthe trail is broken: {found.broken}"
    show({"intact": not found.broken, **asdict(found)}, text, as_json=as_json)
    if found.broken:
        raise typer.Exit(FINDING)


def prove(
    folder: Annotated[Path, typer.Argument(help="Folder of the logs.")],
    sequence: Annotated[int, typer.Argument(min=1, help="Number of the record, its 'sequence'.")],
) -> None:
    """Print a record with the proof that it is among those of its sealed day, as JSON."""
    from monitor_core.logs.seals import prove_record  # noqa: PLC0415 - only this command needs it

    typer.echo(json.dumps(prove_record(folder, sequence), indent=2))


def _key(path: Path | None) -> bytes | None:
    if path is None:
        return None
    try:
        key = path.read_bytes().strip()
    except OSError as error:
        raise InvalidInput(f"the key file {str(path)!r} cannot be read: {error.strerror}") from None
    if not key:
        raise InvalidInput(f"the key file {str(path)!r} is empty")
    return key


def _anchor(text: str) -> tuple[int, str]:
    sequence, _, digest = text.partition(":")
    if not sequence.isdecimal() or len(digest) != 64:
        raise InvalidInput(f"{text!r} is not an anchor", hint="SEQUENCE:HASH, as 'audit verify --logs' prints it")
    return int(sequence), digest
