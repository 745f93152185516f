"""The result of a call: verdict, trials, best configuration, figures, the report's page, the model to take home."""

import base64
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from omegaconf import OmegaConf

from bench import results
from bench.api import surroundings
from bench.api.components import escaped
from bench.api.handing import Hands
from bench.config import catalogue
from bench.errors import UserError
from bench.results.best import bests
from bench.running.run import RunSpec

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from bench.models.saved import FittedModel
    from bench.report.summary import Summary


@dataclass(frozen=True, repr=False)
class Comparison:
    """What an experiment holds of one problem: all its finished runs, those of earlier calls of the same name, too.

    In a notebook it shows the verdict and the first figure of the report.
    """

    name: str
    """The experiment's."""
    dataset: str
    model: str
    results_dir: Path
    reports_dir: Path
    datasets_dir: Path
    config_dir: Path | None = None
    data: Path | None = None
    """The file of the data, where it is one: in `datasets_dir`/memory where it was in memory."""
    store: str | None = None
    """The URL of the store."""
    _hands: Hands = field(default_factory=Hands, compare=False)
    _config: Mapping[str, Any] = field(default_factory=dict, compare=False)
    """That of the model."""

    @classmethod
    def of(cls, spec: RunSpec, reports_dir: Path, config_dir: Path | None, hands: Hands) -> "Comparison":
        """The comparison that a run is part of."""
        run, path = spec.run, spec.config["dataset"].get("path")
        folders = Path(spec.results_dir), reports_dir.absolute(), Path(spec.datasets_dir)
        data = None if path is None else Path(path)
        config = spec.config["model"]
        return cls(run.experiment, run.dataset, run.model, *folders, config_dir, data, spec.store, hands, config)

    @property
    def verdict(self) -> str:
        """What the numbers support, in the sentences of the report."""
        return self._summary.plain

    @property
    def trials(self) -> "pd.DataFrame":
        """One row a trial, with the columns of the trial table (README), by optimiser, seed and trial."""
        every = results.read(self.results_dir, [self.name]).trials
        mine = (every["dataset"] == self.dataset) & (every["model"] == self.model)
        return every[mine].reset_index(drop=True)

    def best(self) -> dict[str, Any] | list[dict[str, Any]]:
        """The configuration of the lowest validation loss of all trials, the first of equals.

        Of several losses the front, the trials to which no other is at least equal in every loss, ascending by the
        first: of each its `configuration`, its `losses` by name, and its `test_losses`, None where there are none.
        Raises `UserError` where no trial succeeded.
        """
        (chosen,) = bests(self.name, self.dataset, self.model, self.results_dir)
        if isinstance(chosen, str):
            raise UserError(f"{self.name}: no trial succeeded; 'bench status {self.name}' says why")
        if not chosen.front:
            return chosen.configuration
        return [
            {
                "configuration": each.configuration,
                "losses": {name: loss for name, (loss, _) in each.losses.items()},
                "test_losses": {name: test for name, (_, test) in each.losses.items()},
            }
            for each in chosen.front
        ]

    def plot(self, figure: str | None = None) -> "Figure":
        """A figure of the report by its name (`validation`, `test`, `final`, ...), by default the first.

        Raises `UserError`, which lists the names of the figures there are.
        """
        name = figure or self._summary.main
        drawn = self._summary.figure(name)
        # What a notebook shows that has not imported pyplot.
        drawn._repr_png_ = partial(self._summary.png, name)  # type: ignore[attr-defined]
        return drawn

    def report(self) -> Path:
        """Write the report of the whole experiment, as `bench report` does; returns the path of its page."""
        from bench.report import build  # noqa: PLC0415 - with all that draws, which a call itself does without

        return build.build(self.results_dir, self.reports_dir, [self.name]) / "report.html"

    def fit(self, rows: str = "train", out: str | Path | None = None, overwrite: bool = False) -> "FittedModel":
        """Train what the comparison is won by and save it, as `bench fit` does; returns the model, read back.

        It is the best configuration of the optimiser with the lowest median loss, on the most splits. rows: `train`,
        which repeats the winning trial, `train+valid`, or `all`. out: its folder, by default `models/NAME`. The fitted
        model has `predict(frame)`. Raises `UserError` where it cannot be trained again as it was, or not be saved.
        """
        from bench.running import fit as fitting  # noqa: PLC0415 - with what saves models

        with surroundings.kept(), self._hands.over(), self._registered() as config_dir, _in_python():
            return fitting.fit(
                self.name,
                problem=f"{self.dataset}/{self.model}",
                rows=rows,
                out=Path("models", self.name) if out is None else Path(out),
                results_dir=self.results_dir,
                datasets_dir=self.datasets_dir,
                data=self.data,
                config_dir=config_dir,
                overwrite=overwrite,
                store=self.store,
            )

    @contextmanager
    def _registered(self) -> Iterator[Path]:
        """A folder of configs that names the model, whatever it is, beside those of one's own.

        Of what stands in tables only what a config names is used (`bench.config.registered`): here the caller did so.
        """
        if self.config_dir is not None:
            catalogue.find_own_classes(self.config_dir)
        with TemporaryDirectory() as name:
            folder = Path(name)
            for path in [] if self.config_dir is None else self.config_dir.glob("*/*.yaml"):
                (folder / path.parent.name).mkdir(exist_ok=True)
                shutil.copyfile(path, folder / path.parent.name / path.name)
            (folder / "model").mkdir(exist_ok=True)
            OmegaConf.save(OmegaConf.create(escaped(self._config)), folder / "model" / f"{self.model}.yaml")
            yield folder

    @cached_property
    def _summary(self) -> "Summary":
        from bench.report import build, summary  # noqa: PLC0415 - as above
        from bench.report.runs.selection import Selection  # noqa: PLC0415 - as above

        wanted = Selection((self.name,), problems=(f"{self.dataset}/{self.model}",))
        return summary.read(self.results_dir, build.folder_of(self.reports_dir, wanted), wanted)

    def __str__(self) -> str:
        return self.verdict

    def __repr__(self) -> str:
        return f"<Comparison {self.name!r} of {self.dataset}/{self.model}>"

    def _repr_html_(self) -> str:
        """The verdict and the report's first figure; without one where there is nothing to draw."""
        from bench.report.page import markup  # noqa: PLC0415 - as above

        words = f"<p>{markup.prose(self._summary.verdict)}</p>"
        if self._summary.main is None:
            return f"<div>{words}</div>"
        picture = base64.b64encode(self._summary.png(self._summary.main)).decode()
        title = escape(f"{self.dataset} · {self.model}: {self._summary.main}")
        return f'<div>{words}<img style="max-width: 100%" alt="{title}" src="data:image/png;base64,{picture}"></div>'


@contextmanager
def _in_python() -> Iterator[None]:
    """Name arguments as a call has them, and not as the command does, in the message of a mistake."""
    try:
        yield
    except UserError as error:
        words = re.sub(r"--(out|rows)=", r"\1=", str(error)).replace("with --overwrite", "with overwrite=True")
        raise UserError(words) from None
