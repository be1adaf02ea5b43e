"""Hosts that are asked in tests may be asked quickly."""

import pytest

from notifier.sources import politeness


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(politeness, "APART", 0.02)
