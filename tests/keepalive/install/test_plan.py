"""The words of a plan."""

from __future__ import annotations

from pathlib import Path

import pytest

from keepalive.install.plan import named
from keepalive.install.refusal import InstallError


def test_what_is_wrong_with_a_file_begins_with_its_name() -> None:
    with pytest.raises(InstallError) as refused, named(Path("/a/settings.json")):
        raise InstallError("it is empty")
    assert str(refused.value) == "/a/settings.json: it is empty; nothing was changed"
