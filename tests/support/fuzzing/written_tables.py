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
    grouped = thousands and abs(value) >= 1000 and (isinstance(value, int) or math.isfinite(value))
    text = f"{value:,}" if grouped else str(value)
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
        return _json_lines(rng, table).encode("utf-8", "surrogatepass"), {}, kind
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
        try:
            return _excel(rng, pd.DataFrame({each: values.to_pylist() for each, values in columns.items()})), {}, kind
        except Exception:  # noqa: BLE001 - what openpyxl refuses to write
            kind = ".parquet"
    made = pa.table(columns)
    if rng.random() < 0.7:
        made = pa.Table.from_pandas(
            made.to_pandas().set_index(rng.choice(made.column_names)) if rng.random() < 0.3 else made.to_pandas()
        )
    (pq.write_table if kind == ".parquet" else pyarrow.feather.write_feather)(made, stream)
    return stream.getvalue(), {}, kind


def _json_lines(rng: random.Random, table: Cells) -> str:
    """An object a line; sometimes without the keys of what is missing, with blank lines, a key twice, or an array."""
    entries = [dict(zip(table, row, strict=True)) for row in zip(*table.values(), strict=True)]
    if rng.random() < 0.3:
        entries = [{each: value for each, value in entry.items() if value is not None} for entry in entries]
    lines = [json.dumps(entry, default=str) for entry in entries]
    odd = rng.randrange(12)
    if odd == 0:
        return "[" + ",\n".join(lines) + "]"
    if odd == 1:
        lines[3] = lines[3][:-1] + f", {json.dumps(next(iter(table)))}: 1}}"
    if odd == 2:
        lines.insert(rng.randint(0, len(lines)), rng.choice(["", "  ", "[1, 2]", "3", "null", "{}"]))
    return "\n".join(lines) + "\n"


def _excel(rng: random.Random, frame: pd.DataFrame) -> bytes:
    """The first of one or two sheets; sometimes with empty rows above it and cells beside it."""
    stream = io.BytesIO()
    with pd.ExcelWriter(stream) as book:
        frame.to_excel(book, sheet_name="data", index=False, startrow=rng.choice([0, 0, 0, 2]))
        if rng.random() < 0.3:
            frame[:3].to_excel(book, sheet_name="other")
        if rng.random() < 0.2:
            book.sheets["data"].cell(
                len(frame) + rng.choice([1, 2, 5]), len(frame.columns) + rng.choice([0, 1, 3]), "x"
            )
    return stream.getvalue()


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
