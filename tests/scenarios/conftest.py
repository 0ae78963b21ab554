"""What tests of several markets' files share."""

import pytest


@pytest.fixture
def written(tmp_path):
    """written(text, name): the path of a file of any name."""

    def write(text, name="my.toml"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return write
