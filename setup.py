"""The wheel as pyproject.toml says, with the commit that it was made of."""

import shutil
import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
sys.path.insert(0, str(ROOT))

from engine.commit import WRITTEN, of_tree  # noqa: E402


class Build(build_py):
    """Copies the packages of this very state, and writes down its commit."""

    def run(self):
        shutil.rmtree(self.build_lib, ignore_errors=True)  # may hold modules of an earlier state
        super().run()
        if not self.editable_mode:
            Path(self.build_lib, "engine", WRITTEN).write_text(of_tree(ROOT) or "", encoding="utf-8")


setup(cmdclass={"build_py": Build})
