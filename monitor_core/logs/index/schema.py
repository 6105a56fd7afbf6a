"""What the index holds of a line, and how an index is opened.

Integers are declared integer, never unsigned: documents given by keyword would kill the writer's thread. Context is a
fast JSON field, without which numbers in it have no order, and raw: the default tokenizer would make its values small.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import tantivy

from monitor_core.logs.query.words import MAX_WORD_BYTES

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["ANALYZER", "DATE_GUARD", "analyzer", "create", "open_index", "schema"]

ANALYZER = "words"
DATE_GUARD = "\x1f"
"""Put after context texts that look like a time, which tantivy would turn into one and no longer find as text."""


def schema() -> tantivy.Schema:
    """Return the fields of the index."""
    build = tantivy.SchemaBuilder()
    for name in ("ts", "level", "file_id", "end", "batch"):
        build.add_integer_field(name, fast=True, indexed=name == "level")
    build.add_text_field("logger", tokenizer_name="raw", fast=True, index_option="basic")
    build.add_text_field("trace_id", tokenizer_name="raw", index_option="basic")
    build.add_text_field("file", tokenizer_name="raw", fast=True, index_option="basic")
    build.add_text_field("has", tokenizer_name="raw", index_option="basic")
    for name in ("message", "exception", "words"):
        build.add_text_field(name, tokenizer_name=ANALYZER, index_option="position")
    build.add_json_field("context", tokenizer_name="raw", fast=True, index_option="basic", expand_dots_enabled=True)
    build.add_bytes_field("raw", stored=True)
    return build.build()


def analyzer() -> tantivy.TextAnalyzer:
    """Return how text is cut into words, as `monitor_core.logs.query.words` does it."""
    build = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    return build.filter(tantivy.Filter.remove_long(MAX_WORD_BYTES + 1)).filter(tantivy.Filter.lowercase()).build()


def create(folder: Path) -> tantivy.Index:
    """Open an index, new when there is none."""
    folder.mkdir(parents=True, exist_ok=True)
    if not tantivy.Index.exists(str(folder)):
        tantivy.Index(schema(), path=str(folder))
        _store_in_large_blocks(folder / "meta.json")
    return open_index(folder)


def open_index(folder: Path) -> tantivy.Index:
    """Open an index that exists."""
    return _ready(tantivy.Index.open(str(folder)))


def _store_in_large_blocks(meta: Path) -> None:
    """Compress lines 64 KB at a time, not 16: a tenth less. tantivy-py has no argument for it, tantivy does."""
    found = json.loads(meta.read_text(encoding="utf-8"))
    found["index_settings"]["docstore_blocksize"] = 65_536
    new = meta.with_name("meta.json.new")
    new.write_text(json.dumps(found), encoding="utf-8")
    new.replace(meta)


def _ready(index: tantivy.Index) -> tantivy.Index:
    index.register_tokenizer(ANALYZER, analyzer())
    return index
