"""One browser for all tests of the page: it takes longer to start than most tests do."""

from collections.abc import Iterator

import browser
import pytest
from browser import Browser


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    if not (browser.CHROMIUM and browser.DRIVER):
        pytest.skip("no chromium and chromedriver here (Debian: chromium, chromium-driver)")
    started = Browser(tmp_path_factory.mktemp("downloads"))
    yield started
    started.driver.quit()
