"""Packs conf/ into the wheel as qml/conf; everything else is said in pyproject.toml."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithConf(build_py):
    """The usual build and a copy of the configuration folder; a checkout (editable) uses its own conf/."""

    def run(self):
        """Build, then copy."""
        super().run()
        if not self.editable_mode:
            shutil.copytree("conf", Path(self.build_lib) / "qml" / "conf", dirs_exist_ok=True)


setup(cmdclass={"build_py": BuildWithConf})
