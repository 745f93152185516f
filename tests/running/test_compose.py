"""What a sweep composes once and then sets values in is what Hydra composes for each config anew."""

from pathlib import Path

import pytest
from omegaconf import OmegaConf

from bench.errors import UserError
from bench.running import compose

MASTER = ["dataset=function", "model=bbob", "budget.trials=7"]
CHOICES = [
    ["optimizer=random"],
    ["optimizer=optuna_tpe", "model.settings.function=3", "model.settings.dimension=5", "model.settings.instance=2"],
    [
        "optimizer=grid",
        "optimizer.settings.levels=4",
        "+optimizer.settings.more=[1]",
        "++model.settings.function=4",
        "budget.seconds=1.5",
    ],
    ["model=ackley", "model.dimension=3", "~model.noise", "model.space.x={low: -2.0}"],
    ["optimizer={name: mine, class: bench.optimizers.random_search.RandomSearch}", "objectives=[a,b]"],
    ["seeds=paired", "budget={trials: 3}", "optimizer.name='1e5'"],
    ["model=levy", "optimizer=grid", "budget=hour", "model.dimension=4"],
    ["optimizer=wide", "model=levy"],  # its file writes to another group, too
    ["optimizer=long", "model=ackley"],  # its file begins with another's
    ["experiment=mine", "optimizer=optuna_tpe", "model=ackley"],
]
OWN = {
    "optimizer/wide": "# @package _global_\noptimizer: {settings: {seen: 1}}\nmodel: {seen: 2}\n",
    "optimizer/long": "defaults: [optuna_tpe]\nseen: 3\n",
    "experiment/mine": "# @package _global_\noptimizer: {seen: 4}\nblocks: [{seed: 1}]\n",
}
"""Files whose choice is no matter of their own group alone."""


def test_configs_of_a_sweep_are_hydras_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in OWN.items():
        path = tmp_path / "conf" / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    master, each = compose.swept(MASTER, tmp_path / "conf")
    loader = compose._hydra().config_loader
    for _ in range(2):  # what one has set is not there in the next
        for choices in CHOICES:
            hydras = loader.load_sweep_config(master, MASTER + choices)
            plain = {
                key: value for key, value in OmegaConf.to_container(hydras).items() if key not in ("hydra", "blocks")
            }
            config = OmegaConf.to_container(each(MASTER + choices))
            assert config.pop("blocks") is None  # the sweep has read them
            assert config == plain, choices
            assert list(config) == list(plain)


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ("model.settings.funktion=3", "model.settings.funktion: no such key; allowed: function, dimension, instance"),
        ("~model.settings.funktion", "model.settings.funktion: there is nothing to remove; leave it out"),
        ("+model.settings.function=3", "model.settings.function: is there already; leave out the +"),
        ("model=bbbob", "model=bbbob: unknown model; allowed: "),
    ],
)
def test_what_cannot_be_set_is_one_line(choice: str, message: str) -> None:
    _, each = compose.swept(MASTER, None)
    with pytest.raises(UserError) as refused:
        each([*MASTER, choice])
    assert message in str(refused.value)
