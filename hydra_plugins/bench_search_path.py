"""Lets Hydra find the configs of installed plug-ins, after the suite's own. Hydra looks in this namespace alone."""

from hydra.core.config_search_path import ConfigSearchPath
from hydra.plugins.search_path_plugin import SearchPathPlugin

from bench.config.folders import plugins


class BenchSearchPath(SearchPathPlugin):
    """Adds each plug-in's folder `conf`."""

    def manipulate_search_path(self, search_path: ConfigSearchPath) -> None:
        for folder in plugins()[0]:
            search_path.append(provider=folder.owner, path=f"file://{folder.path}")
