"""Objects of the library end in an order that it allows."""

import subprocess
import sys

SCRIPT = """
import gc
from blindfit import Job, Owner, _library
from blindfit.ckks import Context

gc.disable()
for order in (1, -1):
    context = Context(depth=1)
    secret = context.keygen()
    context.keys = secret.keys(products=True)
    x = secret.encrypt([0.5])
    y = x * x
    job = Job.plan(90, 4, 3)
    owner = Owner.keygen(job, {folder!r} + str(order), keep=False)
    things = [context, secret, context.keys, x, y, job, owner]
    for thing in things:  # a cycle with everything in it
        if hasattr(thing, "__dict__"):
            thing.cycle = things[::order]
    del context, secret, x, y, job, owner, thing, things
    gc.collect()
    assert not _library._kept, _library._kept
"""


def test_cycles_of_garbage(tmp_path):
    script = SCRIPT.format(folder=str(tmp_path / "keys"))
    subprocess.run([sys.executable, "-c", script], check=True)
