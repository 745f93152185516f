"""Tables as bytes: CSV in its dialects, parquet, feather, Excel, JSON lines, packed or not."""

import bz2
import gzip
import io
import json
import lzma
import math
import random
import zipfile
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq

from fuzzing.made_tables import Cells


def text_of(value: Any, decimal: str, thousands: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool | str) or not isinstance(value, int | float):
        return str(value)
    text = f"{value:,}" if thousands and abs(value) >= 1000 and math.isfinite(value) else str(value)
    return text.translate(str.maketrans({".": decimal, ",": thousands or ","}))


def delimited(rng: random.Random, table: Cells) -> tuple[bytes, dict[str, Any], str]:
    """As CSV in one of its dialects, the keys that say which, and the suffix."""
    separator, decimal, thousands = rng.choice(
        [
            (",", ".", ""),
            (",", ".", ""),
            (";", ",", ""),
            (";", ",", "."),
            ("\t", ".", ""),
            ("|", ".", ""),
            (";", ".", ""),
            (";", ".", ","),
        ]
    )
    encoding = rng.choice(["utf-8", "utf-8", "utf-8", "utf-8-sig", "latin-1", "utf-16", "cp1252"])
    end = rng.choice(["\n", "\n", "\r\n"])
    rows = [
        list(table),
        *([text_of(value, decimal, thousands) for value in row] for row in zip(*table.values(), strict=True)),
    ]
    quotes = rng.random() < 0.1

    def cell(text: str) -> str:
        return (
            '"' + text.replace('"', '""') + '"' if quotes or any(each in text for each in f'{separator}"\r\n') else text
        )

    text = end.join(separator.join(map(cell, row)) for row in rows) + rng.choice([end, "", end * 2])
    words = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar", ".": "point", "": None}
    keys: dict[str, Any] = {}
    if rng.random() < 0.5:
        keys = {"separator": words[separator], "decimal": words[decimal]}
        keys |= {"thousands": words[thousands]} if thousands else {}
    if encoding not in ("utf-8", "utf-8-sig", "utf-16") and rng.random() < 0.8:
        keys["encoding"] = encoding
    return text.encode(encoding, "replace"), keys, ".tsv" if separator == "\t" and rng.random() < 0.5 else ".csv"


def typed(rng: random.Random, table: Cells) -> tuple[bytes, dict[str, Any], str]:
    """As parquet, feather, Excel or JSON lines, where the values can be written so; otherwise as text of them."""
    kind = rng.choice([".parquet", ".parquet", ".feather", ".jsonl", ".jsonl", ".xlsx"])
    if kind == ".jsonl":
        lines = [
            json.dumps(dict(zip(table, row, strict=True)), default=str) for row in zip(*table.values(), strict=True)
        ]
        return ("\n".join(lines) + "\n").encode("utf-8", "surrogatepass"), {}, kind
    columns: dict[str, Any] = {}
    for each, values in table.items():
        try:
            columns[each] = pa.array(values)
        except (pa.ArrowException, UnicodeEncodeError, OverflowError):
            columns[each] = pa.array(
                [None if value is None else str(value).encode("utf-8", "replace").decode() for value in values]
            )
    stream = io.BytesIO()
    if kind == ".xlsx":
        frame = pd.DataFrame({each: values.to_pylist() for each, values in columns.items()})
        try:
            frame.to_excel(stream, index=False)
            return stream.getvalue(), {}, kind
        except (ValueError, TypeError, OverflowError, Exception):  # noqa: BLE001 - what openpyxl refuses to write
            kind, stream = ".parquet", io.BytesIO()
    made = pa.table(columns)
    if rng.random() < 0.7:
        made = pa.Table.from_pandas(
            made.to_pandas().set_index(rng.choice(made.column_names)) if rng.random() < 0.3 else made.to_pandas()
        )
    (pq.write_table if kind == ".parquet" else pyarrow.feather.write_feather)(made, stream)
    return stream.getvalue(), {}, kind


def packed(rng: random.Random, content: bytes, name: str) -> tuple[bytes, str]:
    kind = rng.choice([".gz", ".bz2", ".xz", ".zip"])
    if kind == ".zip":
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(name, content)
            if rng.random() < 0.1:
                archive.writestr(rng.choice(["__MACOSX/x", "other.csv", "folder/"]), b"")
        return stream.getvalue(), kind
    return {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}[kind](content), kind
