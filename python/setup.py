import sys
from pathlib import Path

from setuptools import setup

sys.path.insert(0, str(Path(__file__).resolve().parent))

from library import version  # noqa: E402

setup(version=version(),
      cffi_modules=["bindings.py:owner_module", "bindings.py:server_module"],
      options={"bdist_wheel": {"py_limited_api": "cp39"}})
