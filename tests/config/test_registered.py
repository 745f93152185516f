"""What a table may name: what configs name, wherever a user may write it, and of text nothing else but plain words."""

import os
from pathlib import Path

import pytest
from commands import ROOT

from bench.config.registered import check_texts, registered
from bench.errors import UserError

ELSEWHERE = {
    "model/own.yaml": "class: theirs.InOwnGroup\n",
    "experiment/whole.yaml": "model: {class: theirs.InAnExperiment}\n",
    "experiment/blocks.yaml": "blocks: [{model.class: theirs.InABlock}, {dataset: wine}]\n",
}
"""Where a user may have named a class."""


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_what_any_config_of_the_users_names_is_registered_in_its_group_and_under_its_key(tmp_path) -> None:
    mine = write(tmp_path, ELSEWHERE)
    (mine / "model/latin.yaml").write_bytes("description: gr\xfcn\n".encode("latin-1"))
    os.mkfifo(mine / "model/pipe.yaml")
    (mine / "model/folder.yaml").mkdir()
    for path in ("theirs.InOwnGroup", "theirs.InAnExperiment", "theirs.InABlock"):
        assert registered("model", "class", path, mine)
        for group, key, folder in (("model", "class", None), ("model", "function", mine), ("dataset", "load", mine)):
            with pytest.raises(UserError, match=f"^{group}.{key}='{path}': only the table says so"):
                registered(group, key, path, folder)


def test_every_config_of_the_suite_is_registered_with_its_own_texts(tmp_path) -> None:
    for key in ("class", "function"):
        for path in (path for path in (ROOT / "conf/model").glob("*.yaml") if f"\n{key}: " in path.read_text()):
            (named,) = [line.split()[1] for line in path.read_text().splitlines() if line.startswith(f"{key}: ")]
            entries = registered("model", key, named)
            for entry in entries:
                check_texts("model.settings", entry.get("settings"), [other.get("settings") for other in entries])


WORDS = ["", "poly", "l2", "log2", "one-hot", "1e-4", "-0.5", "0.25", "C++"]
DOORS = ["a.b", "a/b", "~", "..", ".", "a:b", "http://x", "a b", "$HOME", "${oc.env:HOME}", "a\n", "x" * 65, "\\\\host"]


@pytest.mark.parametrize("text", WORDS)
def test_other_words_than_a_config_has_are_no_doors(text) -> None:
    check_texts("model.settings", {"parameters": {"kernel": text, "kernels": [text]}}, [])


@pytest.mark.parametrize("text", DOORS)
def test_what_could_be_a_path_an_address_or_a_dotted_name_must_stand_in_a_config_at_the_same_place(text) -> None:
    for value in ({"a": text}, {"a": {"b": [1, [text]]}}, {"a": {text: 1}}):
        with pytest.raises(UserError, match=r"^model\.settings\.a.*only the table says so"):
            check_texts("model.settings", value, [{"b": text}, {"c": {"a": text}}])
        check_texts("model.settings", value, [value])


def test_a_word_is_refused_where_it_would_be_a_module_a_file_or_a_host_and_where_it_is_a_file_here(
    tmp_path, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for key in ("path", "data_path", "url", "class", "base_class", "function", "memory", "machines", "files", "CLASS"):
        with pytest.raises(UserError, match="only the table says so"):
            check_texts("model.settings", {key: "word"}, [])
        check_texts("model.settings", {key: 3}, [])
    check_texts("model.settings", {"x": "word"}, [])
    for name in ("word", "5"):
        (tmp_path / name).symlink_to("nowhere")
        with pytest.raises(UserError, match="only the table says so"):
            check_texts("model.settings", {"x": name}, [])


def test_what_is_nested_very_deep_is_refused() -> None:
    value: object = 1
    for _ in range(500):
        value = [value]
    with pytest.raises(UserError, match="is nested more than 30 deep"):
        check_texts("model.settings", {"x": value}, [])
