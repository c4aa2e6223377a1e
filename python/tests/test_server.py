"""The server's module holds nothing on secrets."""

import re
import shutil
import subprocess
import sys

import pytest

import blindfit._owner
import blindfit._server

# One for each kind of use: making, reading, using a secret key; and what
# describes the training data.
SECRETS = ("bf_secret_key_generate", "bf_owner_create", "bf_owner_decrypt",
           "bf_transform_fit", "bf_wire_read_secret_key", "bf_decrypt")


def symbols(path):
    """Names of functions and data of a shared object."""
    found = subprocess.run(["nm", path], capture_output=True, text=True,
                           check=True)
    return {line.split()[-1] for line in found.stdout.splitlines()}


@pytest.mark.skipif(not shutil.which("nm"), reason="no nm")
def test_symbols():
    owner, server = symbols(blindfit._owner.__file__), symbols(
        blindfit._server.__file__)
    assert "bf_serve_train" in server and len(server) > 200
    for name in SECRETS:
        assert name in owner, "a stale list"
        assert name not in server


def test_names_of_the_package():
    assert re.match(r"\d+\.\d+\.\d+$", blindfit.__version__)
    for name in blindfit.__all__:
        assert getattr(blindfit, name).__name__ == name
    assert set(blindfit.__all__) <= set(dir(blindfit))
    with pytest.raises(AttributeError):
        blindfit.nothing


def test_declarations():
    declared = set(dir(blindfit._server.lib))
    assert "bf_serve_train" in declared
    assert not declared & {"bf_owner_create", "bf_transform_fit"}
    assert {"bf_owner_create", "bf_transform_fit"} <= set(
        dir(blindfit._owner.lib))


def test_a_server_loads_no_code_for_secrets():
    script = ("import blindfit.server, sys; "
              "maps = open('/proc/self/maps').read(); "
              "assert '_server.abi3.so' in maps; "
              "assert '_owner.abi3.so' not in maps; "
              "assert 'numpy' not in sys.modules")
    subprocess.run([sys.executable, "-c", script], check=True)


@pytest.mark.skipif(not shutil.which("nm"), reason="no nm")
@pytest.mark.parametrize("module", [blindfit._owner, blindfit._server])
def test_exports(module):
    found = subprocess.run(["nm", "-D", "--defined-only", module.__file__],
                           capture_output=True, text=True, check=True)
    names = {line.split()[-1] for line in found.stdout.splitlines()}
    assert names == {"PyInit_" + module.__name__.split(".")[1]}
