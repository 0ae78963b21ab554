"""What every test process needs before NumPy is imported."""

import os

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")  # BLAS threads of several test processes would fight for the cores


@pytest.fixture
def write(tmp_path):
    """write(text): the path of a scenario file."""

    def save(text, name="own"):
        (tmp_path / f"{name}.toml").write_text(text)
        return tmp_path / f"{name}.toml"

    return save
