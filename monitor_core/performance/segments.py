"""Values of a segment column as small numbers; only so many are followed, the rest is pooled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

__all__ = ["MAX_SEGMENTS", "MISSING_SEGMENT", "OTHER_SEGMENT", "SegmentBook"]

MAX_SEGMENTS = 20
"""Values of a model's segment column that are counted on their own, in order of appearance."""
MISSING_SEGMENT = "(missing)"
OTHER_SEGMENT = "(other)"
EMPTY_SEGMENT = "(empty)"
_LONGEST = 200
_POOLED = (MISSING_SEGMENT, OTHER_SEGMENT)


class SegmentBook:
    """Numbers for segments: 0 is none, then the values in order of appearance.

    Examples
    --------
    >>> book = SegmentBook(["north"])
    >>> book.codes(pa.array(["south", None, "north"])).tolist(), book.names
    ([2, 3, 1], ['', 'north', 'south', '(missing)'])
    """

    def __init__(self, known: Iterable[str] = ()) -> None:
        self.names = ["", *known]
        self._codes = {name: code for code, name in enumerate(self.names)}

    def codes(self, column: pa.Array) -> NDArray[np.int32]:
        """Return the number of each row's segment."""
        if not pa.types.is_dictionary(column.type):
            column = column.cast(pa.string()).dictionary_encode()
        levels = column.dictionary.cast(pa.string()).to_pylist()
        lookup = np.array([self._place(text) for text in levels] + [-1], np.int32)
        places = pc.fill_null(column.indices.cast(pa.int64()), len(levels)).to_numpy(zero_copy_only=False)
        codes = lookup[places]
        if (codes < 0).any():
            codes[codes < 0] = self.code(MISSING_SEGMENT)
        return np.asarray(codes, np.int32)

    def kept(self, column: pa.DictionaryArray) -> NDArray[np.int32]:
        """Return the number of each row's segment as it was stored: by name, the empty one is none."""
        lookup = np.array([self.code(name) if name else 0 for name in column.dictionary.to_pylist()], np.int32)
        return np.asarray(lookup[column.indices.to_numpy()], np.int32)

    def code(self, name: str) -> int:
        """Return the number of a segment, pooled with the others when there are too many."""
        if name not in self._codes:
            followed = sum(known not in _POOLED for known in self._codes) - 1
            is_pooled = name not in _POOLED and (followed >= MAX_SEGMENTS or len(name) > _LONGEST)
            if is_pooled:
                return self.code(OTHER_SEGMENT)
            self._codes[name] = len(self.names)
            self.names.append(name)
        return self._codes[name]

    def _place(self, text: str | None) -> int:
        cleaned = None if text is None else text.replace("\0", "").strip()
        return -1 if cleaned is None else self.code(cleaned or EMPTY_SEGMENT)
