"""A user's YAML is looked at before it is read: whatever it is, one line names the file, and nothing hangs."""

import os
from pathlib import Path

import pytest
from commands import bench

from bench.config import reading
from bench.errors import UserError

FINE = "name: fine\ndescription: of the tests\nclass: bench.optimizers.random_search.RandomSearch\nsettings: {}\n"
FUNCTION = ["dataset=function", "model=branin", "budget.trials=1"]

DOUBLED = "".join(f"a{i}: &a{i} [{f'*a{i - 1}, ' * 8}]\n" for i in range(1, 12))

CONTENTS = {
    "is not UTF-8 text (byte 8)": "name: Gr\xfcn\n".encode("latin-1"),
    "is not UTF-8 text (UTF-16)": FINE.encode("utf-16"),
    "expected lines such as 'name: value', found nothing": b"# nothing yet\n",
    "expected lines such as 'name: value', found a list": b"- name: fine\n",
    "expected lines such as 'name: value', found a single value": b"random\n",
    "line 5: is not valid YAML: found duplicate key name": f"{FINE}name: other\n".encode(),
    "indent with blanks, not with tabs": b"name: x\nsettings:\n\tkeep: 3\n",
    "line 2: is not valid YAML": b"name: [x\n",
    "is not valid YAML: unacceptable character #x0000": b"name: a\0\n",
    "line 2: a second document begins": b"name: x\n---\nname: y\n",
    "line 1: nests more than 50 deep": b"name: " + b"{a: " * 9000 + b"1" + b"}" * 9000,
    "holds more than 100,000 values, aliases (*name) written out": f"a0: &a0 [1, 2]\n{DOUBLED}".encode(),
    "line 2: *s stands for what it stands in": b"name: x\nsettings: &s {inner: [*s]}\n",
    "the tag tag:yaml.org,2002:python/name:os.system makes no value": b"class: !!python/name:os.system\n",
    "line 2: off is read as false; write false, or in quotes 'off'": b"name: x\nsettings: {early: off}\n",
    "line 1: Yes is read as true": b"name: Yes\n",
    "12:30 is read as a number in base 60": b"settings: {at: 12:30}\n",
    "0644 is read as an octal number": b"settings: {mode: 0644}\n",
    "expected a YAML file of at most 2,000,000 bytes, found 2,400,000": b"# long\n" * 300_000 + b"#" * 300_000,
}


def kinds(folder: Path) -> dict[Path, str]:
    """Paths at which there is something else than a file, and what a message says of each."""
    made = {folder / f"{kind}.yaml": kind for kind in ("folder", "pipe", "device", "gone", "circle")}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "folder.yaml").mkdir()
    os.mkfifo(folder / "pipe.yaml")
    (folder / "device.yaml").symlink_to("/dev/zero")
    (folder / "gone.yaml").symlink_to("nowhere")
    (folder / "circle.yaml").symlink_to("circle.yaml")
    words = {"gone": "No such file or directory", "circle": "Too many levels of symbolic links"}
    return {path: words.get(kind, f"found a {kind}") for path, kind in made.items()}


@pytest.mark.parametrize(("message", "content"), CONTENTS.items(), ids=range(len(CONTENTS)))
def test_a_file_that_makes_no_config_is_one_line(tmp_path: Path, message: str, content: bytes) -> None:
    path = tmp_path / "it.yaml"
    path.write_bytes(content)
    with pytest.raises(UserError) as refused:
        reading.plain(path)
    assert message in str(refused.value)
    assert str(refused.value).startswith(str(path))
    assert "\n" not in str(refused.value)


def test_what_is_no_file_is_never_opened(tmp_path: Path) -> None:
    for path, message in kinds(tmp_path).items():
        with pytest.raises(UserError, match=message):
            reading.load(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read anything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "it.yaml"
    path.write_text(FINE)
    path.chmod(0)
    with pytest.raises(UserError, match="Permission denied"):
        reading.load(path)


def test_what_a_person_writes_is_read_as_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "it.yaml"
    text = "a: 2024-12-31\nb: 1e5\nc: 'yes'\nd: &d [1, 2]\ne: *d\nf: 0\ng: 10\nh: -0.5\ni: ~\nj: !!str 7\nk: ${b}\n"
    path.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    assert reading.plain(path) == {
        "a": "2024-12-31", "b": 1e5, "c": "yes", "d": [1, 2], "e": [1, 2], "f": 0, "g": 10, "h": -0.5, "i": None,
        "j": "7", "k": 1e5,
    }  # fmt: skip


def test_the_suites_own_configs_are_read() -> None:
    for path in (Path(reading.__file__).parents[2] / "conf").rglob("*.yaml"):
        assert reading.load(path)


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of configs with all of the above in it, and one that is fine."""
    monkeypatch.chdir(tmp_path)
    kinds(tmp_path / "mine/optimizer")
    for number, content in enumerate(CONTENTS.values()):
        (tmp_path / f"mine/optimizer/bad{number}.yaml").write_bytes(content)
    (tmp_path / "mine/optimizer/fine.yaml").write_text(FINE)
    return tmp_path / "mine"


def test_others_are_listed_and_each_that_cannot_be_read_is_a_warning(mine: Path, capsys) -> None:
    assert bench("list", "--config-dir", "mine") == 0
    output = capsys.readouterr()
    assert "  fine                     of the tests" in output.out
    assert "  branin" in output.out
    bad = sorted(path.name for path in mine.rglob("*.yaml") if path.name != "fine.yaml")
    warned = [line for line in output.err.splitlines() if line.startswith("bench: warning: mine/optimizer/")]
    assert sorted(line.partition(".yaml")[0].rpartition("/")[2] + ".yaml" for line in warned) == bad
    assert len(output.err.splitlines()) == len(bad)


@pytest.mark.parametrize("verb", [["run", *FUNCTION, "optimizer={}"], ["check", "{}", "--examples", "1"]])
@pytest.mark.parametrize("name", ["bad0", "bad11", "pipe"])
def test_every_verb_that_reads_one_names_it(mine: Path, capsys, verb: list[str], name: str) -> None:
    assert bench(*(word.format(name) for word in verb), "--config-dir", "mine") == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert f"mine/optimizer/{name}.yaml" in err


def test_a_run_that_needs_none_of_them_is_done(mine: Path) -> None:
    assert bench("run", "--config-dir", "mine", *FUNCTION, "optimizer=fine") == 0
    assert Path("results/scratch/function/branin/fine/0.parquet").is_file()


def test_names_and_descriptions_reach_the_terminal_as_one_line_each(tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine/optimizer").mkdir(parents=True)
    (tmp_path / "mine/optimizer/two\nlines.yaml").write_text("- a\n")
    (tmp_path / "mine/optimizer/red.yaml").write_text('name: red\ndescription: "\\e[31mred\\nor not"\n')
    assert bench("list", "--config-dir", "mine") == 0
    output = capsys.readouterr()
    assert r"bench: warning: mine/optimizer/two lines.yaml: expected lines" in output.err
    assert output.err.count("\n") == 1
    assert r"\x1b[31mred or not" in output.out
    assert "\x1b" not in output.out + output.err


@pytest.mark.parametrize("verb", [["list"], ["check", "random"], ["run", *FUNCTION], ["verify", "scratch"]])
def test_a_folder_of_configs_that_is_none_is_one_line_in_every_verb(tmp_path, monkeypatch, capsys, verb) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo(tmp_path / "mine")
    assert bench(*verb, "--config-dir", "mine") == 2
    assert capsys.readouterr().err == "bench: --config-dir=mine: no such folder\n"
