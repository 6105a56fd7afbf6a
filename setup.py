"""A wheel carries the pages, too: they lie beside the package in the project's folder, inside it when installed."""

from __future__ import annotations

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
BESIDE = ("streamlit_app.py", "pages", ".streamlit", "static")


class WithPages(build_py):
    """Copy what lies beside the package into ``monitor_core/site``."""

    def run(self) -> None:
        """Build as always, then add the pages; an editable install finds them where they are."""
        super().run()
        if self.editable_mode:
            return
        site = Path(self.build_lib) / "monitor_core" / "site"
        for name in BESIDE:
            source, target = ROOT / name, site / name
            if source.is_dir():
                shutil.copytree(source, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target)


setup(cmdclass={"build_py": WithPages})
