"""Links in a results folder: the folder itself may be one, what is inside it is not followed, by any verb."""

import shutil
from pathlib import Path

import pytest
import trials
from commands import bench

from bench import files
from bench.results import RunId, find, others

RUN = ("run", "dataset=function", "model=branin", "budget.trials=2", "name=e", "seed=1")
IMPORT = ("import", "log.csv", "--name", "e", "--dataset", "function", "--model", "branin")
READ = (("report", "e"), ("verify", "e"), ("status", "e"), ("best", "e"))
WRITE = (
    RUN,
    (*RUN, "overwrite=true"),
    (*RUN, "dry_run=true"),
    ("run", "-m", *RUN[1:]),
    IMPORT,
    (*IMPORT, "--overwrite"),
)
TABLE = Path("results/e/function/branin/random/1.parquet")


@pytest.fixture(autouse=True)
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder beside the results, where nothing may be written."""
    monkeypatch.chdir(tmp_path)
    trials.put(Path("results"), RunId("e", "function", "branin", "random", 1), [0.5, 0.25])
    Path("log.csv").write_text("optimizer,seed,trial,loss\nrandom,1,0,0.5\n")
    Path("outside").mkdir()
    return Path("outside")


def content(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def one_line(err: str, link: Path, target: str) -> bool:
    (line,) = err.splitlines()
    return f"{link}: is a link to '{target}', and links inside" in line and "--results-dir" in line


@pytest.mark.parametrize("link", [TABLE.parents[3], TABLE.parents[2], TABLE.parents[1], TABLE.parent, TABLE], ids=str)
def test_a_link_is_followed_by_no_verb_and_each_says_so_in_one_line(link, outside, capsys) -> None:
    shutil.move(link, outside / link.name)
    link.symlink_to((outside / link.name).absolute())
    before = content(outside)
    for command in (*READ, *WRITE):
        assert bench(*command) == 2, command
        assert one_line(capsys.readouterr().err, link, str((outside / link.name).absolute())), command
    assert content(outside) == before
    assert not Path("reports").exists()


def test_a_link_to_nothing_or_inside_the_results_is_none_to_write_through(capsys) -> None:
    Path("results/other").symlink_to("e")
    Path("results/new").symlink_to("nowhere")
    for name, target in (("other", "e"), ("new", "nowhere")):
        for command in (("report", name), (*RUN[:-2], f"name={name}")):
            assert bench(*command) == 2
            assert one_line(capsys.readouterr().err, Path("results", name), target)
    assert not Path("results/nowhere").exists()
    assert others(Path("results"), "new") == ["e"]


def test_the_results_folder_itself_may_be_a_link_and_a_linked_note_beside_tables_does_not_matter(outside) -> None:
    shutil.move("results", outside / "results")
    Path("results").symlink_to("outside/results")
    Path("results/e/README").symlink_to("../../../log.csv")
    assert list(find(Path("results"), "e")) == [RunId("e", "function", "branin", "random", 1)]
    assert bench("best", "e") == 0


def test_published_losses_and_a_report_are_not_read_or_written_through_a_link(outside, capsys) -> None:
    (outside / "secret").write_text("the only copy")
    Path("results/e/_published.yaml").symlink_to("../../outside/secret")
    assert bench("report", "e") == 2
    assert one_line(capsys.readouterr().err, Path("results/e/_published.yaml"), "../../outside/secret")
    Path("results/e/_published.yaml").unlink()
    Path("reports").mkdir()
    Path("reports/e").symlink_to("../outside")
    assert bench("report", "e") == 2
    assert "reports/e: is a link to '../outside'" in capsys.readouterr().err
    assert [path.name for path in outside.iterdir()] == ["secret"]


def test_a_file_is_not_written_through_a_link_in_the_place_of_its_unfinished_part(outside) -> None:
    precious = outside / "precious"
    precious.write_text("the only copy")
    with files.replacing(Path("table")) as part:
        part.touch()
        name = part.name
    Path(name).symlink_to(precious)
    files.write(Path("table"), b"mine")
    assert (precious.read_text(), Path("table").read_text()) == ("the only copy", "mine")
