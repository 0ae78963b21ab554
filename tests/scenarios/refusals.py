"""What tests of broken scenarios share."""

import pytest

from scenarios import ScenarioError


def refusal(act):
    """The text of the error; it must be one printable line."""
    with pytest.raises(ScenarioError) as caught:
        act()
    text = str(caught.value)
    assert text.isprintable()
    return text


def check(text, fragments):
    """All fragments stand in the text."""
    assert [part for part in fragments if part not in text] == [], text
