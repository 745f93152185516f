"""Display names: everywhere in figures and tables, with the same numbers; a bad file is one clear line."""

import io
import re
from pathlib import Path

import pandas as pd
import pytest
import trials
from boxes import texts

from bench.errors import UserError
from bench.report import build, figures
from bench.report.analysis.comparison import analyse
from bench.report.analysis.renamed import renamed
from bench.report.look import style
from bench.report.runs import curves, naming, selection

NAMES = {"optuna_tpe": "TPE (Optuna)", "random": "Random search", "unknown": "Nobody"}


def written(folder: Path, text: str) -> Path:
    path = folder / "names.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "expected lines such as"),
        ("- a\n- b\n", "expected lines such as"),
        ("a: 3\n", "both must be text"),
        ("a: ''\n", "both must be text"),
        ("a: [b\n", "cannot be read as YAML"),
        ('a: "b\\nc"\n', "must be one line"),
        (f"a: {'b' * 61}\n", "must be one line"),
        (None, "cannot be read"),
    ],
)
def test_a_bad_file_is_one_line_that_names_it(tmp_path: Path, text: str | None, says: str) -> None:
    path = tmp_path / "names.yaml" if text is None else written(tmp_path, text)
    with pytest.raises(UserError, match=says) as refused:
        selection.selection(["e"], names=path)
    assert "\n" not in str(refused.value)
    assert "--names" in str(refused.value)
    assert path.name in str(refused.value)


def test_two_optimisers_of_one_name_are_refused() -> None:
    naming.refuse_clashes({"a": "X", "b": "Y"}, ["a", "b", "c"])
    for names in ({"a": "X", "b": "X"}, {"a": "c"}):
        with pytest.raises(UserError, match="would both be called"):
            naming.refuse_clashes(names, ["a", "b", "c"])


def test_names_stand_in_every_table_and_figure_and_no_number_changes(tmp_path: Path, undrawn: None) -> None:
    trials.write_comparison(tmp_path / "results", "e")
    path = written(tmp_path, "".join(f"{label}: {name}\n" for label, name in NAMES.items()))
    plain = selection.selection(["e"])
    named = selection.selection(["e"], names=path)
    assert named.command.endswith(f"--names {path}")
    before = dict(build.files(tmp_path / "results", plain, {}))
    after = dict(build.files(tmp_path / "results", named, {}))
    assert set(before) == set(after)
    assert b"optuna_tpe" in before["tables/digits-lightgbm.md"]
    for path_, content in before.items():
        if path_.startswith("tables/") and path_.endswith(".csv"):
            frames = [pd.read_csv(io.BytesIO(one)) for one in (content, after[path_])]
            columns = [name for name in frames[0] if name in ("label", "a", "b", "better")]
            expected = frames[0].assign(**{name: frames[0][name].replace(NAMES) for name in columns})
            key = list(expected.columns)
            pd.testing.assert_frame_equal(
                expected.sort_values(key, ignore_index=True), frames[1].sort_values(key, ignore_index=True)
            )
        if path_.startswith("tables/"):
            assert not re.search(rb"(?<!\w)optuna\\?_tpe(?!\w)", after[path_]), path_


def test_figures_have_the_names_and_the_looks_of_their_labels(tmp_path: Path) -> None:
    trials.write_comparison(tmp_path, "e")
    reading = selection.read(tmp_path, selection.selection(["e"]))
    (compared,) = curves.comparisons(reading.results)
    shown = renamed(analyse(compared, reading), NAMES)
    looks = style.styles(compared.final["label"])
    looks |= {NAMES[label]: look for label, look in looks.items() if label in NAMES}
    with figures.look():
        figure = figures.draw(figures.view(shown.comparison, "validation", looks))
        colors = {text.get_text(): text.get_color() for text in texts(figure)}
    assert colors["TPE (Optuna)"] == style.darker(style.KNOWN["optuna_tpe"].color)
    assert not [text for text in colors if re.search(r"optuna_tpe|^random$", text)]
