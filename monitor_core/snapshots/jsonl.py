"""JSON Lines: one object a line, as blocks of columns."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as arrow_json

from monitor_core.errors import Refused
from monitor_core.snapshots.findings import shown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["JsonLines"]

_BLOCK_BYTES = 1 << 23
_LONGEST_LINE = 1 << 26


@dataclass(frozen=True, slots=True)
class JsonLines:
    """A file with one JSON object a line; the same keys need not be in every line."""

    name: str
    path: Path

    def blocks(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows in file order; a block has the columns that occur in it, with JSON's own types.

        A column that mixes numbers, truth values and text in one block comes as text.

        Raises
        ------
        Refused
            Naming the row and what is wrong with it.
        """
        rows = 0
        for block in self._lines():
            batch = self._fast(block) or self._careful(block, rows)
            yield batch
            rows += batch.num_rows

    def _lines(self) -> Iterator[bytes]:
        """Yield the file in blocks that end with a line."""
        rest = b""
        with self.path.open("rb") as file:
            while chunk := file.read(_BLOCK_BYTES):
                chunk = rest + chunk
                end = chunk.rfind(b"\n") + 1
                rest = chunk[end:]
                if len(rest) > _LONGEST_LINE:
                    self._refuse(f"a line is longer than {_LONGEST_LINE >> 20} MB; expected one object a line")
                if chunk[:end].strip():
                    yield chunk[:end].removeprefix(b"\xef\xbb\xbf")
        if rest.strip():
            yield rest.removeprefix(b"\xef\xbb\xbf")

    def _fast(self, block: bytes) -> pa.RecordBatch | None:
        try:
            block.decode()  # Arrow's reader does not check
            table = arrow_json.read_json(
                io.BytesIO(block), read_options=arrow_json.ReadOptions(use_threads=False, block_size=len(block) + 1)
            )
        except (pa.ArrowException, UnicodeDecodeError):
            return None
        if not table.num_columns or not table.num_rows or any(map(_overflows, table.columns)):
            return None
        return table.combine_chunks().to_batches()[0]

    def _careful(self, block: bytes, rows: int) -> pa.RecordBatch:
        """Read line by line: slow, exact about what is wrong, and at home with mixed types."""
        columns: dict[str, list[Any]] = {}
        count = 0
        for line in block.split(b"\n"):
            if not line.strip():
                continue
            record = self._record(line, rows + count + 1)
            for key, value in record.items():
                columns.setdefault(key, [None] * count).append(value)
            count += 1
            for values in columns.values():
                if len(values) < count:
                    values.append(None)
        arrays = {key: _array(values) for key, values in columns.items()}
        if not arrays:
            self._refuse(f"row {rows + 1:,}: the object is empty; expected a value by column name")
        return pa.RecordBatch.from_arrays(list(arrays.values()), names=list(arrays))

    def _record(self, line: bytes, row: int) -> dict[str, Any]:
        try:
            record = json.loads(line.decode(), object_pairs_hook=_unique)
        except UnicodeDecodeError as error:
            self._refuse(
                f"row {row:,}, byte {error.start:,} of the line: 0x{line[error.start]:02x} is not UTF-8 text",
                hint="save the file as UTF-8",
            )
        except RecursionError:
            self._refuse(f"row {row:,}: the value is nested too deeply")
        except ValueError as error:
            start = line[:80].decode(errors="replace")
            self._refuse(f"row {row:,}: {error}: {shown(start)}; expected one JSON object")
        if not isinstance(record, dict):
            hint = "write one object a line, without brackets around them" if isinstance(record, list) else ""
            self._refuse(f"row {row:,} is a {type(record).__name__}; expected one JSON object", hint=hint)
        return record

    def _refuse(self, reason: str, *, hint: str = "") -> NoReturn:
        raise Refused(f"{self.name!r} is not a readable JSONL file", reasons=[reason], hint=hint) from None


def _overflows(values: pa.ChunkedArray) -> bool:
    """Tell whether whole numbers beyond 64 bits may have been rounded to floats (ids of twenty digits)."""
    if not pa.types.is_floating(values.type):
        return False
    return bool(pc.any(pc.greater_equal(pc.abs(values), 2.0**63)).as_py())


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {twice!r} occurs twice")
    return record


def _array(values: list[Any]) -> pa.Array:
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {bool} or kinds <= {float} or kinds <= {str}:
        return pa.array([_encodable(value) for value in values])
    if kinds <= {int, float} and all(abs(value) < 2**63 for value in values if type(value) is int):
        number = int if kinds <= {int} else float
        return pa.array([None if value is None else number(value) for value in values])
    return pa.array([_text(value) for value in values], pa.string())


def _encodable(value: Any) -> Any:
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return None if value is None else str(_encodable(value))
    return json.dumps(value)
