import pickle

import numpy as np
import pytest

from blindfit import MismatchError, RangeError, server
from blindfit.ckks import Context, Vector

X = np.array([0.1, -0.2, 0.3, 0.4])
Y = np.array([1.0, -1.0, 2.0, -2.0])
Z = np.array([0.5, -0.25, 1.0])  # no power of two
M = np.array([[1.0, 2.0, 0.0], [0.5, 0.0, -1.0]])


@pytest.fixture(scope="module")
def owner():
    context = Context(depth=3, largest=4)
    secret = context.keygen()
    context.keys = secret.keys(products=True, sums=True, rolls=[1, -2])
    return context, secret


def close(secret, vector, values):
    np.testing.assert_allclose(secret.decrypt(vector), values, atol=1e-4)


@pytest.mark.parametrize("operation", [
    lambda x, y: x + y, lambda x, y: x - y, lambda x, y: x * y,
    lambda x, y: -x, lambda x, y: x + 0.5, lambda x, y: 0.5 - x,
    lambda x, y: 3 * x, lambda x, y: x * 0.25, lambda x, y: x / 4,
    lambda x, y: x + Y, lambda x, y: Y - x, lambda x, y: Y * x,
    lambda x, y: x ** 2, lambda x, y: x ** 7, lambda x, y: x ** 1,
    lambda x, y: x * True,
    lambda x, y: x * np.float32(0.5), lambda x, y: x * np.int64(2),
    lambda x, y: (x * y + 0.5) * x - 0.25,
    lambda x, y: np.ones(len(X)) * x - x.sum(),
    lambda x, y: x - x.mean(),
])
def test_arithmetic(owner, operation):
    context, secret = owner
    result = operation(secret.encrypt(X), secret.encrypt(Y))
    assert isinstance(result, Vector)
    close(secret, result, operation(X, Y))


def test_sizes_that_are_no_power_of_two(owner):
    _, secret = owner
    z = secret.encrypt(Z)
    close(secret, (z + 1).sum(), [(Z + 1).sum()])
    close(secret, (z - z.mean()).sum(), [0])
    close(secret, (1 - z).dot(z), [(1 - Z) @ Z])
    close(secret, z.polynomial([1, 0, 2]).sum(), [(1 + 2 * Z ** 2).sum()])


def test_rolls(owner):
    _, secret = owner
    x = secret.encrypt(X)
    for shift in (1, -2):
        close(secret, x.roll(shift), np.roll(X, shift))
    with pytest.raises(MismatchError, match="key"):
        x.roll(3)
    with pytest.raises(ValueError, match="power of two"):
        secret.encrypt(Z).roll(1)


def test_a_circuit_finds_its_keys(tmp_path):
    """A layer of a network, computed by a server."""
    def circuit(z):
        layer = M @ z + np.array([0.25, -0.5])
        return layer.apply(lambda t: 1 / (1 + np.exp(-t)), -4, 4, degree=7)

    context = Context(depth=5, largest=4)
    secret = context.keygen()
    secret.keys_for(circuit, len(Z)).save(tmp_path / "eval.keys")
    secret.encrypt(Z).save(tmp_path / "z.bf")

    remote = Context.load(tmp_path / "eval.keys", library=server.library)
    result = circuit(remote.load_vector(tmp_path / "z.bf", len(Z)))
    assert len(result) == 2
    result.save(tmp_path / "result.bf")
    with pytest.raises(TypeError, match="server"):
        remote.keygen()

    found = secret.decrypt(context.load_vector(tmp_path / "result.bf", 2))
    wanted = 1 / (1 + np.exp(-(M @ Z + [0.25, -0.5])))
    np.testing.assert_allclose(found, wanted, atol=2e-3)


@pytest.mark.parametrize("rows, cols", [
    (1, 4), (2, 4), (2, 5), (3, 5), (4, 2), (3, 3)])
def test_products_with_matrices_are_vectors(rows, cols):
    """A product repeats as every vector of its size, in any operation."""
    random = np.random.default_rng(10 * rows + cols)
    v = random.uniform(-1, 1, cols)
    a, b, w = (random.uniform(-0.5, 0.5, shape)
               for shape in ((rows, cols), (4, rows), (rows,)))

    def circuit(x):
        y = a @ x
        results = [b @ y, y - y.mean(), y.sum() * y, y * w - y, a.T @ y]
        if rows & (rows - 1) == 0:
            rolled = y.roll(1) if isinstance(y, Vector) else np.roll(y, 1)
            results.append(rolled)
        return results

    context = Context(depth=3, largest=4)
    secret = context.keygen()
    context.keys = secret.keys_for(circuit, cols)
    for result, wanted in zip(circuit(secret.encrypt(v)), circuit(v)):
        close(secret, result, wanted)


def test_steps_in_any_order():
    random = np.random.default_rng(5)
    square = random.uniform(-0.5, 0.5, (4, 4))
    steps = [lambda x: square @ x, lambda x: x * x, lambda x: x * (Y / 2),
             lambda x: 0.75 * x, lambda x: x - x.mean()]
    context = Context(depth=4, largest=4)
    secret = context.keygen()
    for _ in range(10):
        order = random.integers(len(steps), size=context.levels)

        def circuit(x):
            for step in order:
                x = steps[step](x)
            return x + x.sum()

        context.keys = secret.keys_for(circuit, len(X))
        close(secret, circuit(secret.encrypt(X)), circuit(X))


def test_a_circuit_may_need_no_keys(tmp_path):
    def circuit(x):
        return 3 * x - 2

    context = Context(largest=8)
    secret = context.keygen()
    context.keys = secret.keys_for(circuit, len(X))
    close(secret, circuit(secret.encrypt(X)), circuit(X))
    context.keys.save(tmp_path / "eval.keys")
    secret.encrypt(X).save(tmp_path / "x.bf")
    remote = Context.load(tmp_path / "eval.keys", library=server.library)
    x = remote.load_vector(tmp_path / "x.bf", len(X))
    circuit(x).save(tmp_path / "y.bf")
    close(secret, context.load_vector(tmp_path / "y.bf", len(X)), circuit(X))
    with pytest.raises(MismatchError, match="key"):
        x * x
    with pytest.raises(ValueError, match="none is asked for"):
        secret.keys()


def test_keys_of_others(owner, tmp_path):
    context, secret = owner
    secret.public_key().save(tmp_path / "public.key")
    public = context.load_public_key(tmp_path / "public.key")
    close(secret, public.encrypt(X) + secret.encrypt(Y), X + Y)
    secret.save(tmp_path / "secret.key")
    close(context.load_secret(tmp_path / "secret.key"), secret.encrypt(X), X)
    with pytest.raises(MismatchError):
        context.keygen().decrypt(secret.encrypt(X))


def test_what_cannot_be(owner):
    context, secret = owner
    x = secret.encrypt(X)
    for wrong in (lambda: x + Y[:2], lambda: x * secret.encrypt(Z),
                  lambda: x + np.ma.masked_less(Y, 9),
                  lambda: np.ma.masked_less(Y, 9) * x,
                  lambda: x - np.ma.masked, lambda: x ** 0,
                  lambda: x ** 1.5, lambda: M @ x,
                  lambda: x * x * x * x * x, lambda: secret.encrypt([]),
                  lambda: secret.encrypt([[1]]), lambda: x * np.ones((4, 1)),
                  lambda: x + Context().keygen().encrypt(X),
                  lambda: secret.encrypt(X * 1j), lambda: (M * 1j) @ x,
                  lambda: secret.encrypt(["1"]), lambda: x.polynomial(["a"]),
                  lambda: x.polynomial([]), lambda: x.polynomial([1]),
                  lambda: Context(depth=0), lambda: Context(depth=1000)):
        with pytest.raises(ValueError):
            wrong()
    for wrong in (lambda: x + "a", lambda: x / x, lambda: x * None):
        with pytest.raises(TypeError):
            wrong()
    for wrong in (lambda: secret.encrypt([5.0]), lambda: x + np.nan,
                  lambda: secret.encrypt([np.nan]), lambda: x * np.inf,
                  lambda: x * np.full(4, 1e300)):
        with pytest.raises(RangeError):
            wrong()
    for thing in (secret, context):
        with pytest.raises(TypeError, match="pickled"):
            pickle.dumps(thing)


def test_facts(owner):
    context, secret = owner
    x = secret.encrypt(X)
    assert context.security_bits >= 128 and context.levels == x.level == 3
    assert (x * x).level == 2 and x.shape == X.shape and 0 < x.error < 1e-5
