import sys
from pathlib import Path

from setuptools import setup

sys.path.insert(0, str(Path(__file__).resolve().parent))

from library import has_backbones, version  # noqa: E402

modules = ["owner", "server"] + (["features"] if has_backbones() else [])
setup(version=version(),
      cffi_modules=[f"bindings.py:{name}_module" for name in modules],
      options={"bdist_wheel": {"py_limited_api": "cp39"}})
