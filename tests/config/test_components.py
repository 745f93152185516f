"""Components that cannot be located: one line that names the key, the module and what is wrong with it."""

import sys

import pytest
from commands import bench

from bench import datasets
from bench.config.components import locate
from bench.errors import UserError

AT_IMPORT = {
    "sys.exit()": "SystemExit",
    "sys.exit(3)": "SystemExit: 3",
    "raise ValueError('first line' + chr(10) + 'second line')": "ValueError: first line",
    "from math import no_such_name": "ImportError: cannot import name 'no_such_name' from 'math'",
    "1 / 0": "ZeroDivisionError: division by zero",
}


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write the module `of_a_user`, whose second line is given."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)

    def file(line: str):
        path = tmp_path / "of_a_user.py"
        path.write_text(f"import sys\n{line}\n\ndef f(configuration):\n    return 0.0\n")
        return path

    yield file
    sys.modules.pop("of_a_user", None)


@pytest.mark.parametrize(("line", "reason"), AT_IMPORT.items())
def test_what_a_module_raises_at_import_is_one_line(write, line, reason):
    path = write(line)
    with pytest.raises(UserError) as refused:
        locate("model.function", "of_a_user.f")
    message = str(refused.value)
    assert message.startswith(f"model.function=of_a_user.f: importing of_a_user raised {reason}")
    assert message.endswith(f" at {path}, line 2")
    assert "\n" not in message


def test_a_module_with_a_mistake_of_syntax_is_one_line(write):
    write("def (")
    with pytest.raises(UserError, match=r"^model\.function=of_a_user\.f: importing of_a_user raised SyntaxError: .+$"):
        locate("model.function", "of_a_user.f")


def test_an_interrupt_while_a_module_is_imported_stays_one(write):
    write("raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        locate("model.function", "of_a_user.f")


def test_a_message_that_a_module_has_for_its_user_stays_as_it_is(write):
    write("from bench.errors import UserError; raise UserError('install this and that')")
    with pytest.raises(UserError, match=r"^install this and that$"):
        locate("model.function", "of_a_user.f")


def test_the_source_of_a_dataset_that_exits_is_one_line(write, tmp_path):
    path = write("sys.exit(3)")
    message = f"dataset.load=of_a_user.f: importing of_a_user raised SystemExit: 3 at {path}, line 2"
    with pytest.raises(UserError) as refused:
        datasets.load({"name": "mine", "load": "of_a_user.f"}, tmp_path)
    assert str(refused.value) == message


@pytest.mark.parametrize("key", ["model.function", "optimizer.class"])
def test_a_command_whose_users_module_exits_says_so_and_does_not_pass_for_done(write, capsys, key):
    write("sys.exit(0)")
    function = ["dataset=function", "model=branin"]
    overrides = ["optimizer=random", "budget.trials=1", f"{key}=of_a_user.f"]
    assert bench("run", *function, *overrides) == 2
    message = capsys.readouterr().err
    assert f"{key}=of_a_user.f: importing of_a_user raised SystemExit: 0" in message
    assert "Traceback" not in message
