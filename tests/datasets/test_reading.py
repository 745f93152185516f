"""A user's table in every kind of file and dialect: the same dataset from each, and nothing read as something else."""

import bz2
import gzip
import importlib.util
import io
import json
import lzma
import shlex
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from tables import conf, from_file

from bench.datasets import Dataset, load
from bench.errors import UserError

ROWS = 80
RNG = np.random.default_rng(7)
TABLE: dict[str, list[Any]] = {
    "höhe, m": [None if i % 9 == 4 else round(float(x), 9) for i, x in enumerate(RNG.normal(1200, 3000, ROWS))],
    "count": [int(x) for x in RNG.integers(-5000, 2_000_000, ROWS)],
    "grade": [["None", "NA", "null", "größer", None][i % 5] for i in range(ROWS)],
    "flag": [bool(i % 3) for i in range(ROWS)],
    "y": [["NA", "None", "nan"][i % 3] for i in range(ROWS)],
}


def expected() -> Dataset:
    """The dataset by hand: each column as a model has it."""
    numbers = {
        name: np.array([np.nan if v is None else v for v in TABLE[name]], float) for name in ("höhe, m", "count")
    }
    labels = sorted({value for value in TABLE["grade"] if value is not None})
    grade = pd.Categorical(TABLE["grade"], categories=pd.Index(labels, dtype="str"))
    features = pd.DataFrame({**numbers, "grade": grade, "flag": np.array(TABLE["flag"], float)})
    classes = ("NA", "None", "nan")
    return Dataset("", features, np.array([classes.index(value) for value in TABLE["y"]]), "multiclass", classes, "")


def text(separator: str = ",", decimal: str = ".", thousands: str = "", empty: str = "") -> str:
    """The table as other programs would write it, cell by cell."""

    def cell(value: Any) -> str:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return empty if value is None else str(value)
        whole, _, rest = repr(value).partition(".")
        sign, digits = ("-", whole[1:]) if whole.startswith("-") else ("", whole)
        if thousands:
            digits = f"{int(digits):,}".replace(",", thousands)
        return sign + digits + (decimal + rest if rest else "")

    def quoted(value: str) -> str:
        return f'"{value}"' if separator in value or "," in value else value

    lines = [list(TABLE), *([cell(v) for v in row] for row in zip(*TABLE.values(), strict=True))]
    return "".join(separator.join(map(quoted, line)) + "\n" for line in lines)


def zipped(content: bytes, *names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, content if not name.startswith("__MACOSX") else b"x")
    return buffer.getvalue()


def json_lines() -> str:
    rows = (dict(zip(TABLE, row, strict=True)) for row in zip(*TABLE.values(), strict=True))
    return "".join(json.dumps({k: v for k, v in row.items() if v is not None or k == "grade"}) + "\n" for row in rows)


def binary(write: Callable[[pd.DataFrame, io.BytesIO], None]) -> bytes:
    buffer = io.BytesIO()
    write(pd.DataFrame(TABLE), buffer)
    return buffer.getvalue()


FILES: dict[str, tuple[Callable[[], bytes], dict[str, Any]]] = {
    "a.csv": (lambda: text().encode(), {}),
    "bom.csv": (lambda: text().encode("utf-8-sig"), {}),
    "a.tsv": (lambda: text("\t").encode(), {}),
    "semicolons.csv": (lambda: text(";").encode(), {}),
    "german.csv": (lambda: text(";", ",", ".").encode("cp1252"), {"encoding": "cp1252"}),
    "comma.csv": (lambda: text(";", ",").encode("utf-16"), {}),
    "bars.csv": (lambda: text("|", ",", " ").encode(), {"thousands": "space"}),
    "swiss.csv": (lambda: text(",", ".", "'").encode("latin-1"), {"encoding": "latin-1", "thousands": "apostrophe"}),
    "excel.csv": (lambda: ("sep=;\n" + text(";", ",")).encode("utf-8-sig"), {}),
    "carets.csv": (lambda: text("^", ",").encode(), {"separator": "^", "decimal": "comma"}),
    "little.csv": (lambda: text().encode("utf-16-le"), {"encoding": "utf-16-le"}),
    "dash.csv": (lambda: text(empty="-").encode(), {"missing": "-"}),
    "a.csv.gz": (lambda: gzip.compress(text().encode()), {}),
    "a.csv.xz": (lambda: lzma.compress(text().encode()), {}),
    "a.csv.bz2": (lambda: bz2.compress(text().encode()), {}),
    "kaggle.zip": (lambda: zipped(text("\t").encode(), "train.tsv", "__MACOSX/._train.tsv"), {}),
    "a.jsonl": (lambda: json_lines().encode(), {}),
    "a.ndjson.gz": (lambda: gzip.compress(json_lines().encode()), {}),
    "a.parquet": (lambda: binary(lambda frame, buffer: frame.to_parquet(buffer)), {}),
    "a.feather": (lambda: binary(lambda frame, buffer: frame.to_feather(buffer)), {}),
    "a.xlsx": (lambda: binary(lambda frame, buffer: frame.to_excel(buffer, index=False)), {}),
}


@pytest.mark.parametrize("name", FILES)
def test_the_same_table_is_the_same_dataset_from_every_kind_of_file(name: str, tmp_path: Path) -> None:
    if name.endswith(".xlsx") and importlib.util.find_spec("openpyxl") is None:
        pytest.skip("needs openpyxl")
    content, keys = FILES[name]
    (tmp_path / name).write_bytes(content())
    made, wanted = from_file(tmp_path / name, **keys), expected()
    pd.testing.assert_frame_equal(made.features, wanted.features, check_exact=True)
    assert (made.target.tolist(), made.task, made.classes) == (wanted.target.tolist(), wanted.task, wanted.classes)
    (tmp_path / "a.parquet").write_bytes(FILES["a.parquet"][0]())
    assert made.content == from_file(tmp_path / "a.parquet").content
    found = {"semicolons.csv": "semicolons (found), UTF-8", "comma.csv": "decimal commas (found), UTF-16"}
    assert found.get(name, "") in made.said


def test_without_openpyxl_an_excel_file_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    (tmp_path / "a.xlsx").write_bytes(b"")
    with pytest.raises(
        UserError, match=r"a.xlsx: Excel needs the package 'openpyxl', which is not installed; pip inst"
    ):
        from_file(tmp_path / "a.xlsx")


def column(values: list[str], y: list[Any] | None = None) -> str:
    targets = y or [i % 2 for i in range(len(values))]
    return "x,z,y\n" + "".join(
        f'"{value}",{i / 7},{target}\n' for i, (value, target) in enumerate(zip(values, targets, strict=True))
    )


NUMBERS = [f"{i * 1.37:.2f}" for i in range(60)]
REFUSED = {
    "a mark": (
        [*NUMBERS[:40], "?", *NUMBERS[41:]],
        r"59 numbers and 1 other value: '\?' in data row 41; 'dataset.missi",
    ),
    "a word": (
        [*NUMBERS[:9], "NaN", *NUMBERS[10:]],
        r"'NaN' in data row 10; \"dataset.missing=\['NaN'\]\" reads such as missing, .*",
    ),
    "blank": ([*NUMBERS[:9], "  ", *NUMBERS[10:]], r"'  ' in data row 10; \"dataset.missing=\['  '\]\" reads such"),
    "mostly NA": (
        [*(["NA"] * 45), *NUMBERS[:13], "n/a", "?"],
        r"13 numbers and 47 other values: 'NA' in data row 1, 'n/a', '\?'; \"dataset.missing=\['NA', 'n/a', '\?'\]",
    ),
    "a few": (["1", "2", "3+"] * 20, r"40 numbers and 20 other values: '3\+' in data row 3; mend '3\+', .*x: category"),
    "zeros": (
        [f"{i:04d}" for i in range(60)],
        r"leading zeros, such as '0000' in data row 1, .*\{x: category\}.*number",
    ),
    "names": ([f"person {i // 2}" for i in range(60)], r"text of 30 levels in 60 rows, such as .*\{x: ignore\}"),
    "thousands": ([f"{i},{i + 100}" for i in range(1, 61)], r"thousands separators, such as .*dataset.thousands"),
    "commas": ([f"{i},5" for i in range(60)], r"decimal commas, such as '0,5'; set dataset.decimal=comma"),
    "units": ([f"{i} kg" for i in range(60)], r"numbers with units, such as"),
    "german": ([f"{1 + i % 28:02}.{1 + i // 28:02}.2023" for i in range(60)], r"dates as text"),
    "american": ([f"{1 + i // 28}/{1 + i % 28}/23 4:30 PM" for i in range(60)], r"dates as text"),
    "words": ([f"{1 + i % 28} {('Mar', 'June', 'Dez')[i // 28]} 2023" for i in range(60)], r"dates as text"),
    "a date is lacking": (
        [*(f"2023-01-01T00:{i:02}:00Z" for i in range(59)), "never"],
        r"dates as text, .*and 'never'",
    ),
    "brackets": (
        [f"({i})" if i % 2 else f"{i}.5" for i in range(60)],
        r"another notation, such as '\(\d+\)'; write them",
    ),
    "another minus": (
        [f"{i - 30}".replace("-", "\N{MINUS SIGN}") for i in range(240)],
        r"another notation, such as '\u2212",
    ),
    "wide digits": ([chr(0xFF10 + i % 10) + chr(0xFF10 + i // 10) for i in range(60)], r"another notation"),
    "Fortran": ([f"{i}.5D+03" for i in range(60)], r"another notation"),
    "long": ([f"{10**24 + i}" for i in range(60)], r"more digits than are kept, such as '10+' in data row 1, .*number"),
    "Japanese": ([f"{2001 + i}年{1 + i % 12}月{1 + i % 28}日" for i in range(60)], r"dates as text"),
    "addresses": ([f"10.0.{i % 7}.{i}" for i in range(60)], r"text of 60 levels in 60 rows"),
    "months": ([f"{1 + i % 12:02}/{2001 + i // 12}" for i in range(60)], r"dates as text"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_text_that_is_no_category_is_refused_with_column_example_and_key(name: str, tmp_path: Path) -> None:
    values, message = REFUSED[name]
    path = tmp_path / "t.csv"
    path.write_text(column(values))
    with pytest.raises(UserError, match=rf"^dataset file \({path}\): column 'x' holds .*{message}") as caught:
        from_file(path)
    assert "\n" not in str(caught.value)
    assert list(from_file(path, types={"x": "ignore"}).features) == ["z"]
    kept = from_file(path, types=["x: category"]).features["x"]
    assert list(kept) == values


def test_a_target_that_is_nearly_numbers_is_no_class_label(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(column(["a", "b"] * 30, [*NUMBERS[:30], "n/a", *NUMBERS[31:]]))
    with pytest.raises(
        UserError, match=r"target 'y' holds 59 numbers and 1 other value: 'n/a' in data row 31; dataset"
    ):
        from_file(path)
    made = from_file(path, missing=["n/a"], drop_missing_target=True)
    assert (made.task, len(made.target)) == ("regression", 59)
    assert made.notes[:1] == ("1 row without a target left out (dataset.drop_missing_target)",)
    with pytest.raises(UserError, match=r"=n/a reads it as missing, dataset.drop_missing_target=true .*classes$"):
        from_file(path)
    path.write_text(column(["a", "b"] * 30, [f"{1 + i % 28}.3.{1990 + i // 28}" for i in range(60)]))
    with pytest.raises(UserError, match=r"'1.3.1990'; turn it into numbers; dataset.task=classification takes it"):
        from_file(path)


def test_missing_names_values_in_text_and_in_numbers(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [1, -999, 3, 4], "b": ["u", "n.a.", "u", "v"], "y": [0, 1, 0, 1]})
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.to_parquet(tmp_path / "t.parquet")
    for name in ("t.csv", "t.parquet"):
        features = from_file(tmp_path / name, missing=[-999, "n.a."]).features
        assert features["a"].isna().tolist() == features["b"].isna().tolist() == [False, True, False, False]
        assert list(features["b"].cat.categories) == ["u", "v"]


def test_types_make_numbers_and_categories_of_columns(tmp_path: Path) -> None:
    pd.DataFrame({"zip": ["007", "010"] * 3, "size": [1, 2, 3] * 2, "y": [1.5, 2, 3, 4, 5, 6]}).to_csv(
        tmp_path / "t.csv", index=False
    )
    made = from_file(tmp_path / "t.csv", types={"zip": "number", "size": "category"}).features
    assert made["zip"].tolist() == [7, 10] * 3
    assert list(made["size"]) == ["1", "2", "3"] * 2
    assert from_file(tmp_path / "t.csv", types={"zip": "category"}, group="size").groups is not None
    for types, message in (
        ({"zap": "number"}, r"dataset.types: no column 'zap' .*did you mean zip"),
        ({"zip": "numeric"}, r"'zip' is to be 'numeric' .*allowed: number, category, ignore \(did you mean number"),
        ({"y": "ignore"}, r"dataset.types: ignores the target 'y'"),
    ):
        with pytest.raises(UserError, match=message):
            from_file(tmp_path / "t.csv", types=types)


def test_rows_keep_their_numbers_when_others_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("x,y\n1,\n2,a\ninf,b\n3,a\n")
    with pytest.raises(UserError, match=r"column 'x' has 1 infinite value, the first in data row 3"):
        from_file(tmp_path / "t.csv", drop_missing_target=True)


def test_rare_classes_are_left_out_as_if_they_had_never_been_there(tmp_path: Path) -> None:
    rows = pd.DataFrame(
        {"x": np.arange(43) / 3, "c": ["p", "q"] * 20 + ["r"] * 3, "y": ["a"] * 30 + ["b"] * 10 + ["z"] * 3}
    )
    rows.to_csv(tmp_path / "t.csv", index=False)
    rows.iloc[:40].to_csv(tmp_path / "without.csv", index=False)
    made = from_file(tmp_path / "t.csv", rare_classes="drop")
    assert made.content == from_file(tmp_path / "without.csv").content
    assert made.notes[0] == "3 rows of classes with fewer than 4 rows left out (dataset.rare_classes): 'z' (3)"
    with pytest.raises(UserError, match=r"dataset.rare_classes='dorp': allowed: drop, error \(did you mean drop"):
        from_file(tmp_path / "t.csv", rare_classes="dorp")


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (
            {"separator": "semi"},
            r"^dataset.separator='semi': expected one character, or one of the words comma, semicol",
        ),
        ({"decimal": "x"}, r"^dataset.decimal='x': expected point or comma"),
        ({"thousands": "point"}, r"^dataset.thousands='point': is the decimal mark, too"),
        ({"encoding": "utf-9"}, r"^dataset.encoding='utf-9': not known"),
        ({"encoding": "zip"}, r"^dataset.encoding='zip': not known"),
        ({"encoding": "ascii"}, r"t.csv is not ascii text \(byte 4, line 2\); name another"),
        ({"missing": [True]}, r"^dataset.missing: found True"),
        ({"drop_missing_target": "yes"}, r"^dataset.drop_missing_target='yes': expected true or false"),
    ],
)
def test_mistakes_in_the_keys_of_a_dialect(keys: dict[str, Any], message: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("x,y\né,a\nf,b\n")
    with pytest.raises(UserError, match=message):
        from_file(tmp_path / "t.csv", **keys)


def test_a_short_row_is_named_and_not_filled(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text('x,z,y\n1,"2\n2",a\n\n2,b\n')
    with pytest.raises(UserError, match=r"data row 2, which ends on line 5, has 2 cells; expected 3"):
        from_file(tmp_path / "t.csv")


def test_what_may_be_meant_otherwise_is_said(tmp_path: Path) -> None:
    table = {
        "id": range(100, 130),
        "day": [20240101 + i for i in range(30)],
        "c": ["NA", "b", "c"] * 10,
        "n": ["4", "5"] * 15,
    }
    pd.DataFrame({**table, "y": [1, 2, 3] * 10}).to_parquet(tmp_path / "t.parquet")
    notes = "\n".join(from_file(tmp_path / "t.parquet").notes)
    for part in (
        "'n': text such as '4' was read as numbers",
        "'id': whole numbers from 100 to 129",
        "'NA' (10 rows) is a",
    ):
        assert part in notes
    assert (
        "'y': whole numbers of 3 values, such as 3, are taken for classes; for quantities dataset.task=counts" in notes
    )


def test_what_a_target_may_be_otherwise_is_said(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text(column(["Lima", "lima"] * 30, ["NA", "yes", "no"] * 20))
    notes = from_file(path).notes
    assert notes[0].startswith("column 'x': 'Lima' and 'lima' differ by capital letters alone")
    assert notes[1].startswith("target 'y': 'NA' (20 rows) is a class; dataset.missing=NA reads it as missing, and")
    path.write_text(column(["b", "c"] * 30, [i % 25 for i in range(60)]))
    assert "\n".join(from_file(path).notes) == (
        "target 'y': whole numbers from 0 to 24 are taken for quantities; where they count something, "
        "dataset.task=counts"
    )
    assert from_file(path, task="regression").notes == ()


def test_an_order_of_categories_that_is_not_used_is_said(tmp_path: Path) -> None:
    sizes = pd.Categorical(["small", "large", "huge"] * 8, ["small", "large", "huge"], ordered=True)
    frame = pd.DataFrame({"size": sizes, "colour": pd.Categorical(["red", "blue"] * 12), "y": [0, 0, 0, 1] * 6})
    for name, write in (("t.parquet", frame.to_parquet), ("t.feather", frame.to_feather)):
        write(tmp_path / name)
        assert [note.partition(",")[0] for note in from_file(tmp_path / name).notes] == [
            "column 'size': the order of its categories"
        ]
    frame.to_csv(tmp_path / "t.csv", index=False)
    assert from_file(tmp_path / "t.csv").content == from_file(tmp_path / "t.parquet").content


def test_a_json_array_is_no_json_lines(tmp_path: Path) -> None:
    pd.DataFrame({"x": [1, 2], "y": [0, 1]}).to_json(tmp_path / "t.jsonl", orient="records")
    with pytest.raises(UserError, match=r"t.jsonl holds a JSON array, .*lines=True"):
        from_file(tmp_path / "t.jsonl")


def test_a_target_of_names_or_of_blanks_is_no_classes(tmp_path: Path) -> None:
    for y, message in (
        ([f"person {i // 2}" for i in range(60)], "holds text of 30 levels in 60 rows, .* name another column"),
        (["yes", "no", "yes "] * 20, "has 'yes' and 'yes ', which differ by blanks around them alone; mend the file"),
    ):
        (tmp_path / "t.csv").write_text(column(NUMBERS, y))
        with pytest.raises(UserError, match=rf"target 'y' {message}.*; dataset.task=classification"):
            from_file(tmp_path / "t.csv")
        assert from_file(tmp_path / "t.csv", task="classification").task == "multiclass"


def test_no_break_spaces_are_spaces_between_thousands(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(column([f"{i}\u202f{i:03}" for i in range(1, 61)]))
    made = from_file(tmp_path / "t.csv", thousands="space")
    assert made.features["x"].tolist() == [1001.0 * i for i in range(1, 61)]


DOUBTFUL: dict[str, tuple[list[Any], str, str]] = {
    "few dates": (["03.04.2021", "5.4.2021"], "c", "'c': dates as text, such as '03.04.2021', are taken for 2 categor"),
    "few shares": (["5%", "10%"], "c", "'c': numbers with units, such as '10%', are taken for 2 categories"),
    "blanks": (["a", "a ", "b"], "c", "'c': 'a' and 'a ' differ by blanks around them alone"),
    "letters": (["Ja", "ja", "nein"], "c", "'c': 'Ja' and 'ja' differ by capital letters alone"),
    "truths": (["yes", "False", "no"], "c", "'c': words for true and false in several forms, such as 'False', 'no'"),
    "constant": ([1.5], "c", "'c': one value in every row, or none"),
    "empty": ([None], "c", "'c': one value in every row, or none"),
    "with a time": (
        [20240101093000 + 1000000 * i for i in range(25)],
        "c",
        "'c': whole numbers such as 20240101093000",
    ),
    "epoch": ([1_700_000_000_000 + i * 7919 for i in range(30)], "created_at", "which read as dates"),
    "some missing": ([None, *(101 + 7 * i for i in range(24))], "user_id", "under a name that identifiers have"),
    "a mark": ([-999, -999, *range(25)], "c", "'c': -999 (4 rows) is the only negative number; where it stands for"),
    "too large": ([None, *(2**60 + 9 * i for i in range(24))], "c", "beyond 2**53, are rounded"),
    "a first row": (["c", "b"], "c", "the first line is read as the names of columns, and 'c' in it is a value of its"),
}
"""Values of a column (as many rows as needed), its name, and what is remarked of it."""


@pytest.mark.parametrize("name", DOUBTFUL)
def test_what_is_doubtful_is_remarked_with_its_column_and_an_example(name: str, tmp_path: Path) -> None:
    values, column, remark = DOUBTFUL[name]
    rows = max(50, 2 * len(values) // 2)
    texts = ["" if value is None else str(value) for value in (values * rows)[:rows]]
    lines = [f"{text},{i % 7 / 2},{'pq'[i % 2]}" for i, text in enumerate(texts)]
    (tmp_path / "t.csv").write_text("\n".join([f"{column},n,y", *lines]) + "\n")
    assert remark in "\n".join(from_file(tmp_path / "t.csv").notes)


def test_ordinary_columns_are_not_remarked_on(tmp_path: Path) -> None:
    frame = pd.DataFrame({"model": [f"type {i % 30}" for i in range(90)], "drive": ["4wd", "fwd", "rwd"] * 30})
    frame["age"], frame["gain"] = RNG.integers(18, 90, 90), RNG.normal(size=90)
    frame["grade"], frame["flag"], frame["y"] = [*"ABC"] * 30, [True, True, False] * 30, ["no", "yes"] * 45
    for write, name in ((frame.to_csv, "t.csv"), (frame.to_parquet, "t.parquet")):
        write(tmp_path / name, index=False)
        assert from_file(tmp_path / name).notes == ()


def test_an_index_that_pandas_stored_is_left_out_and_that_is_said(tmp_path: Path) -> None:
    frame = pd.DataFrame({"x": RNG.normal(size=40), "k": range(40), "y": ["a", "b", "b", "a"] * 10})
    frame.set_index("k").to_parquet(tmp_path / "named.parquet")
    assert "the index that pandas stored, 'k', is left out" in from_file(tmp_path / "named.parquet").notes[0]
    frame.loc[frame["x"].rank() > 9, ["x", "y"]].to_parquet(tmp_path / "some.parquet")
    assert from_file(tmp_path / "some.parquet").notes == ("the index that pandas stored is left out",)


@pytest.mark.parametrize("name", ["t.xlsx", "t.feather", "t.parquet"])
def test_dates_of_a_file_that_states_types_serve_as_time_alone(name: str, tmp_path: Path) -> None:
    days = pd.date_range("2024-01-01", periods=40, freq="37h")[::-1]
    frame = pd.DataFrame({"x": RNG.normal(size=40), "when": days, "y": ["a", "b", "b", "a"] * 10})
    write = {"t.xlsx": lambda path: frame.to_excel(path, index=False)}.get(name, getattr(frame, f"to_{name[2:]}", None))
    assert write is not None
    write(tmp_path / name)
    with pytest.raises(UserError, match=r"'when' holds dates, such as '2024-03-01 \S+'; .* name it as dataset.time"):
        from_file(tmp_path / name)
    times = from_file(tmp_path / name, time="when").times
    assert times is not None
    assert (np.diff(times) == np.diff(times)[0]).all()
    assert np.diff(times)[0] < 0


def test_a_title_above_the_names_and_characters_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("# of 2024\nx,z,y\n1,2,a\n")
    with pytest.raises(UserError, match=r"t.csv has '# of 2024' in its first line, and 3 columns below it"):
        from_file(tmp_path / "t.csv")
    (tmp_path / "t.csv").write_bytes(b"x,y\n" + b"1,a\n2,b\n" * 900 + b"1,a\0\n")
    with pytest.raises(UserError, match=r"\(line 1802 holds NUL characters\); remove them"):
        from_file(tmp_path / "t.csv")


@pytest.mark.parametrize(
    "line", ["[1]", '{"x": 1, "x": 2}', "{", '{"x": {"a": 1}, "y": 1}', r'{"x": "\ud800", "y": 1}']
)
def test_a_line_that_is_no_flat_object_is_refused(line: str, tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text('{"x": 1, "y": 0}\n' + line + "\n")
    with pytest.raises(UserError, match=r"line 2|column 'x' holds values of type dict, int"):
        load(conf("file", path=str(tmp_path / "t.jsonl"), target="y"), tmp_path)


def test_columns_may_be_separated_by_several_spaces(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text('  x   z  y \n 1  "a b"  0\n10    c   1  \n')
    with pytest.raises(UserError, match=r"it looks separated by spaces; set dataset.separator=space"):
        from_file(tmp_path / "t.csv")
    made = from_file(tmp_path / "t.csv", separator="space", types={"z": "category"})
    assert made.features["x"].tolist() == [1, 10]
    assert list(made.features["z"]) == ["a b", "c"]


def test_a_first_line_of_numbers_is_said_to_be_read_as_names(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("41.3,y\n1,0\n2,1\n")
    notes = from_file(tmp_path / "t.csv").notes
    assert notes[0].startswith("the first line, with '41.3' in it, is read as the names of columns; where it is data")


def test_a_quote_that_does_not_end_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text('x,y\n1,"a\n2,b\n')
    with pytest.raises(UserError, match=r"t.csv cannot be read as a table \("):
        from_file(tmp_path / "t.csv")


@pytest.mark.parametrize("name", ["t.csv", "t.jsonl", "t.xlsx"])
def test_an_empty_file_is_one_line(name: str, tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl") if name == "t.xlsx" else None
    (tmp_path / name).write_bytes(b"")
    if openpyxl is not None:
        openpyxl.Workbook().save(tmp_path / name)
    with pytest.raises(UserError, match=rf"^dataset.path: .*{name} is empty; expected "):
        from_file(tmp_path / name)


@pytest.mark.parametrize(
    "odd", ["?", "-", "n/a", "NaN", "null", "None", "n. a.", "#N/A", "it's", "größe", "*", "..", "$"]
)
@pytest.mark.parametrize("name", ["x", "zip code", "höhe", "a(b)", "2nd"])
def test_the_keys_that_a_message_names_do_what_it_says(odd: str, name: str, tmp_path: Path) -> None:
    """As a shell and Hydra take them from the line."""
    path = tmp_path / "t.csv"
    pd.DataFrame({name: [*map(str, range(30)), odd], "z": 1.5, "y": [0, 1, 0] * 10 + [1]}).to_csv(path, index=False)
    with pytest.raises(UserError) as caught:
        from_file(path)
    words = [word.rstrip(";,") for word in shlex.split(str(caught.value).partition("; ")[2])]
    keys = [word for word in words if word.startswith(("dataset.missing=", "dataset.types="))]
    assert len(keys) == 3
    made = []
    for key in keys:
        parsed = OverridesParser.create().parse_override(key)
        made.append(from_file(path, **{parsed.key_or_group.removeprefix("dataset."): parsed.value()}).features)
    assert made[0][name].isna().tolist() == [False] * 30 + [True]
    assert len(made[1][name].cat.categories) == 31
    assert list(made[2]) == ["z"]
