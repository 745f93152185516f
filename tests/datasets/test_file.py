"""A user's own file: each mistake is one line."""

import hashlib
from pathlib import Path

import pandas as pd
import pytest
from tables import FRAME, conf, from_file, written

from bench.datasets import load
from bench.datasets.file import fingerprint
from bench.errors import UserError


def mistakes() -> dict[str, tuple[str | bytes, str, str]]:
    return {
        "empty": ("", "y", r"bad.csv is empty"),
        "no rows": ("x,y\n", "y", r"bad.csv\): no rows"),
        "no target": ("x,label\n1,a\n2,b\n", "lable", r"^dataset.target: no column 'lable' .*did you mean label\?"),
        "missing target": ("x,y\n1,a\n2,\n3,b\n4,\n", "y", r"target 'y' has 2 missing values, the first in data row 2"),
        "one class": ("x,y\n1,a\n2,a\n", "y", r"target 'y' has one class only, 'a'"),
        "constant": ("x,y\n1,2.5\n2,2.5\n", "y", r"target 'y' is 2.5 in every row"),
        "twice": ("x,x,y\n1,2,a\n1,2,b\n", "y", r"bad.csv has 2 columns 'x'"),
        "no name": (",x,y\n0,1,a\n1,2,b\n", "y", r"no name for column 1; .*'dataset.drop=\[\"Unnamed: 0\"\]'"),
        "infinite": ("x,y\n1,a\ninf,b\n", "y", r"column 'x' has 1 infinite value, the first in data row 2"),
        "infinite target": ("x,y\n1,0.5\n2,-inf\n", "y", r"target 'y' has 1 infinite value, the first in data row 2"),
        "no features": ("y\na\nb\n", "y", r"no feature columns"),
        "ragged": ("x,y\n1,a\n2,b,c\n", "y", r"cannot be read as a table \(.*line 3"),
        "row names": ("x,y\n1,2,a\n2,3,b\n", "y", r"cannot be read as a table"),
        "latin": ("x,y\n1,\xe9\n2,b\n".encode("latin-1"), "y", r"bad.csv is not UTF-8"),
    }


@pytest.mark.parametrize("name", mistakes())
def test_mistakes_in_a_csv(name: str, tmp_path: Path) -> None:
    content, target, message = mistakes()[name]
    path = tmp_path / "bad.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UserError, match=message) as caught:
        from_file(path, target)
    assert "\n" not in str(caught.value)
    assert "bad.csv" in str(caught.value)


def test_mistakes_in_the_keys(tmp_path: Path) -> None:
    path = written(tmp_path, FRAME)
    cases = [
        (
            {"path": None},
            r"^dataset.path: missing; give .*bench run dataset=file dataset.path=my.csv dataset.target=y$",
        ),
        ({"target": None}, r"^dataset.target: missing; .*columns: size, colour, new, y$"),
        ({"path": str(tmp_path / "none.csv")}, r"^dataset.path: .*none.csv does not exist"),
        ({"path": str(tmp_path)}, r"^dataset.path: .* is a folder"),
        ({"drop": ["siez"]}, r"^dataset.drop: no column 'siez' in .*did you mean size"),
        ({"drop": ["y"]}, r"^dataset.drop: names the target"),
        ({"pth": "x"}, r"^dataset.pth: .* takes no such key; .*did you mean path"),
        ({"load": "bench.datasets.file.laod"}, r"^dataset.load: no function 'bench.datasets.file.laod'"),
        ({"load": None}, r"^dataset.load: no function None"),
    ]
    for keys, message in cases:
        with pytest.raises(UserError, match=message):
            load(conf("file", **{"path": str(path), "target": "y", **keys}), tmp_path)
    (tmp_path / "my.xls").write_bytes(b"")
    with pytest.raises(UserError, match=r"my.xls is of no known kind, by its name; allowed: .csv, .tsv, .*mean .xlsx"):
        from_file(tmp_path / "my.xls")


def test_mistakes_in_a_parquet_file(tmp_path: Path) -> None:
    path = tmp_path / "my.parquet"
    path.write_bytes(b"PAR1 not really PAR1")
    with pytest.raises(UserError, match=r"my.parquet cannot be read as parquet"):
        from_file(path)
    FRAME.assign(when=pd.Timestamp("2024-01-01")).to_parquet(path)
    with pytest.raises(UserError, match=r"column 'when' holds dates, such as '2024-.*dataset.drop"):
        from_file(path)
    assert "when" not in from_file(path, drop=["when"]).features
    FRAME.assign(pair=[[1, 2]] * 6).to_parquet(path)
    with pytest.raises(UserError, match=r"column 'pair' holds values of type ndarray"):
        from_file(path)


def test_a_separator_is_found_where_one_alone_fits(tmp_path: Path) -> None:
    for name, content, columns in (
        ("a.tsv", "x,y\n1,0\n2,1\n", ["x"]),
        ("b.tsv", "x;1\ty\n1\t0\n2\t1\n", ["x;1"]),
        ("c.csv", "x;z;y\n1;2;0\n2;3;1\n", ["x", "z"]),
        ("d.csv", "x|z|y\n1|2,5|0\n2|3,5|1\n", ["x", "z"]),
    ):
        (tmp_path / name).write_text(content)
        assert list(from_file(tmp_path / name).features) == columns
    (tmp_path / "e.csv").write_text("x;y\n1;0;5\n2;1\n")
    with pytest.raises(UserError, match=r"one column, 'x;y': .* by semicolons; set dataset.separator=semicolon$"):
        from_file(tmp_path / "e.csv")


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_dates_and_decimal_commas_are_no_categories(suffix: str, tmp_path: Path) -> None:
    rows = 30
    columns = {
        "dates as text": [f"2024-01-{1 + i:02}" for i in range(rows)],
        "dates as text, ": [f"2024-01-{1 + i:02} 10:00:00" for i in range(rows)],
        "numbers with decimal commas": [f"{i},5" for i in range(rows)],
    }
    path = tmp_path / f"bad.{suffix}"
    for what, values in columns.items():
        frame = pd.DataFrame({"x": values, "y": [0, 1] * (rows // 2)})
        frame.to_csv(path, index=False) if suffix == "csv" else frame.to_parquet(path)
        with pytest.raises(UserError, match=rf"bad.{suffix}\): column 'x' holds {what}.*'; .*dataset.drop"):
            from_file(path)
        few = frame.assign(x=[values[i % 20] for i in range(rows)])  # so few that they may well be categories
        few.to_csv(path, index=False) if suffix == "csv" else few.to_parquet(path)
        assert len(from_file(path).features["x"].cat.categories) == 20


def test_a_file_that_changed_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, FRAME)
    sha256 = fingerprint(path)
    assert sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    from_file(path, sha256=sha256)
    written(tmp_path, FRAME.iloc[::-1])
    with pytest.raises(UserError, match=rf"my.csv has changed .*now {fingerprint(path)}, then {sha256}"):
        from_file(path, sha256=sha256)


def test_a_relative_path_is_from_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, FRAME)
    monkeypatch.chdir(tmp_path)
    assert from_file(Path("my.csv")).features.shape == (6, 3)


def test_a_message_that_names_columns_is_short_however_they_are_called(tmp_path: Path) -> None:
    columns = {f"c{place}{'x' * 5000}": range(len(FRAME)) for place in range(30)}
    path = written(tmp_path, pd.concat([FRAME, pd.DataFrame(columns)], axis=1))
    with pytest.raises(UserError, match=r"allowed: .* and \d+ more \(did you mean colour\?\)$") as error:
        from_file(path, drop=["colourr"])
    assert len(str(error.value)) < 2500
    with pytest.raises(UserError, match=r"columns: .*, c29x+\.\.\.x+$") as error:
        from_file(path, target=None)
    assert len(str(error.value)) < 2500
    for header, row in (("x" * 5000 + ";y", "1;2"), (f"{'x' * 5000},{'x' * 5000}", "1,2")):
        path.write_text(f"{header}\n" + f"{row}\n" * 60)
        with pytest.raises(UserError, match=r"my\.csv has (one column|2 columns)[ ,]") as error:
            from_file(path, separator="comma")
        assert len(str(error.value)) < 1000
