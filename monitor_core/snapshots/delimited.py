"""CSV files as blocks of text columns, however they are delimited and quoted."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

import pyarrow as pa
import pyarrow.csv as arrow_csv

from monitor_core.errors import Refused
from monitor_core.snapshots.findings import shown

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Delimited", "open_delimited"]

_DELIMITERS = ",;\t|"
_SNIFF_BYTES = 1 << 22
_BLOCK_BYTES = 1 << 22
_WIDE_BLOCK_BYTES = 1 << 25
_WIDE = 500
_LISTED = 10
MISSING = (
    *("", "NA", "N/A", "n/a", "#N/A", "#NA", "<NA>", "NaN", "nan", "-nan", "-NaN", "NULL", "null", "None", "NaT"),
)
"""What counts as a missing value in a text file."""


@dataclass(frozen=True, slots=True)
class Delimited:
    """A CSV file whose header has been read."""

    name: str
    path: Path
    names: tuple[str, ...]
    delimiter: str

    def blocks(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows in file order, every column as text, missing where it is one of `MISSING`.

        Raises
        ------
        Refused
            For rows with too few or too many values (the first ten are listed), text that is not UTF-8, and quotes that
            are never closed.
        """
        ragged = _Ragged(self.names)
        rows, last = 0, None
        try:
            with self.path.open("rb") as file, self._reader(_Utf8(file, self.name), ragged) as reader:
                if tuple(reader.schema.names) != self.names:
                    self._refuse_header(reader.schema.names)
                for batch in reader:
                    yield batch
                    rows += batch.num_rows
                    last = batch.column(-1)[-1].as_py() if batch.num_rows else last
        except pa.ArrowException as error:
            raise Refused(f"{self.name!r} is not a readable CSV file", reasons=[self._cause(error, rows)]) from None
        if rows and self._ends_in_quotes(last or ""):
            raise Refused(
                f"{self.name!r} is not a readable CSV file",
                reasons=[f"row {rows:,}: a quote is never closed; the value begins with {shown(last or '')}"],
                hint="was the file cut short?",
            )
        if not rows and not ragged.count:  # the header alone still tells the columns
            yield pa.RecordBatch.from_arrays([pa.array([], pa.string()) for _ in self.names], names=list(self.names))
        if ragged.count:
            raise Refused(f"{self.name!r} is not a readable CSV file", reasons=ragged.reasons(), hint=_RAGGED_HINT)

    def _reader(self, file: _Utf8, ragged: _Ragged) -> arrow_csv.CSVStreamingReader:
        wide = len(self.names) > _WIDE
        return arrow_csv.open_csv(
            file,
            # one thread: only then does Arrow tell the numbers of malformed rows
            read_options=arrow_csv.ReadOptions(
                use_threads=False, block_size=_WIDE_BLOCK_BYTES if wide else _BLOCK_BYTES
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=self.delimiter,
                newlines_in_values=True,
                ignore_empty_lines=len(self.names) > 1,  # in a single column an empty line is a missing value
                invalid_row_handler=ragged.see,
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(self.names, pa.string()),
                null_values=list(MISSING),
                strings_can_be_null=True,
            ),
        )

    def _refuse_header(self, names: list[str]) -> NoReturn:
        raise Refused(
            f"{self.name!r} is not a readable CSV file",
            reasons=[f"the header can be read in two ways: {shown(str(list(self.names)))} and {shown(str(names))}"],
        )

    def _ends_in_quotes(self, last: str) -> bool:
        """Tell whether the last value of the file was opened by a quote and never closed; Arrow lets that pass."""
        start = b'"' + last.replace('"', '""').encode()
        with self.path.open("rb") as file:
            file.seek(max(0, self.path.stat().st_size - len(start) - 1))
            tail = file.read()
        return tail.endswith(start) and (bool(last) or not tail.endswith(b'""'))

    def _cause(self, error: pa.ArrowException, rows: int) -> str:
        if "straddling" in str(error):
            size = (_WIDE_BLOCK_BYTES if len(self.names) > _WIDE else _BLOCK_BYTES) >> 20
            return f"a row after row {rows:,} is longer than {size} MB; is there a quote that is never closed?"
        return f"after row {rows:,}: {str(error).splitlines()[0]}"


class _Utf8(io.RawIOBase):
    """A file that is refused at the first byte that is not UTF-8 text."""

    def __init__(self, file: io.BufferedReader, name: str) -> None:
        super().__init__()
        self._file = file
        self._name = name
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._offset = 0
        self._lines = 1

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        chunk = self._file.read(size)
        held = len(self._decoder.getstate()[0])
        try:
            self._decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            at, line = self._offset - held + error.start, self._lines + chunk[: max(error.start - held, 0)].count(b"\n")
            reason = f"line {line:,}, byte {at:,}: 0x{error.object[error.start]:02x} is not UTF-8 text"
            raise Refused(f"{self._name!r} is not UTF-8 text", reasons=[reason], hint=_ENCODING_HINT) from None
        self._lines += chunk.count(b"\n")
        self._offset += len(chunk)
        return chunk


_RAGGED_HINT = "was the file cut short, or does a value hold the delimiter without quotes?"


class _Ragged:
    """Rows with too few or too many values, as Arrow reports them."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self._expected = len(names)
        self._first: list[str] = []
        self.count = 0

    def see(self, row: arrow_csv.InvalidRow) -> str:
        self.count += 1
        if len(self._first) < _LISTED:
            place = "a row" if row.number is None else f"row {row.number - 1:,}"
            found = "value" if row.actual_columns == 1 else "values"
            self._first.append(
                f"{place} has {row.actual_columns:,} {found}, the header has {self._expected:,}: {shown(row.text)}"
            )
        return "skip"

    def reasons(self) -> list[str]:
        more = self.count - len(self._first)
        return [*self._first, f"and {more:,} more rows"] if more else self._first


def open_delimited(path: Path, *, name: str) -> Delimited:
    """Read the header of a CSV file and tell its delimiter: comma, semicolon, tab or bar.

    Raises
    ------
    Refused
        When the beginning is not UTF-8 text, or there is no header line.
    """
    with path.open("rb") as file:
        start = file.read(_SNIFF_BYTES)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise Refused(f"{name!r} is not UTF-8 text", reasons=["it starts with the mark of UTF-16"], hint=_ENCODING_HINT)
    if b"\0" in start:
        raise Refused(
            f"{name!r} is of no known format",
            reasons=[f"byte {start.index(0):,} is 0, which no text file holds"],
            hint="allowed are CSV, JSONL, Parquet and Arrow files, gzip and zip of these",
        )
    text = codecs.getincrementaldecoder("utf-8-sig")("replace").decode(start)
    if not text.strip():
        raise Refused(f"{name!r} is empty", reasons=["there is no header line; expected the names of the columns"])
    delimiter, header = _sniff(text)
    with path.open("rb") as file:
        _Utf8(file, name).read(_SNIFF_BYTES)
    if header and all(_is_number(cell) for cell in header) and header != [str(place) for place in range(len(header))]:
        raise Refused(
            f"{name!r} has no header line",
            reasons=[
                f"the first line holds numbers: {shown(delimiter.join(header))}; expected the names of the columns"
            ],
        )
    return Delimited(name, path, tuple(header), delimiter)


_ENCODING_HINT = "save the file as UTF-8"


def _sniff(text: str) -> tuple[str, list[str]]:
    """Return the delimiter that cuts the first lines most evenly, and the header cut by it."""
    lines = text.lstrip("\r\n").splitlines(keepends=True)[:200]
    best = (",", _cells(lines, ","), (0.0, 0))
    for delimiter in _DELIMITERS:
        rows = _cells(lines, delimiter)
        widths = Counter(len(row) for row in rows if row)
        if not rows or len(rows[0]) < 2:
            continue
        even = widths[len(rows[0])] / sum(widths.values())
        if (even, len(rows[0])) > best[2]:
            best = (delimiter, rows, (even, len(rows[0])))
    return best[0], next((row for row in best[1] if row), [])


def _cells(lines: list[str], delimiter: str) -> list[list[str]]:
    try:
        return list(csv.reader(lines, delimiter=delimiter))
    except csv.Error:  # a line too long to be one
        return []


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
