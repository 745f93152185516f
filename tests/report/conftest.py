"""Reports without their figures."""

import pictures
import pytest


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """No figure is drawn; see `pictures`."""
    pictures.leave_undrawn(monkeypatch)


@pytest.fixture
def unsaved(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures are drawn and not saved; see `pictures`."""
    pictures.leave_unsaved(monkeypatch)
