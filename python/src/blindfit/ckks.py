"""Arithmetic on encrypted vectors: CKKS.

Who has the secret key makes a context and keys::

    from blindfit.ckks import Context
    context = Context(depth=2, largest=4)       # 128 bits of security
    secret = context.keygen()
    context.keys = secret.keys_for(circuit, 4)  # rehearses circuit(x)
    x = secret.encrypt([0.1, 0.2, 0.3, 0.4])
    secret.decrypt(circuit(x))

Evaluation keys and vectors are public; files carry them elsewhere::

    context = Context.load("eval.keys")         # with these keys
    y = circuit(context.load_vector("x.bf", 4))

Decrypted results are approximate, and exact decryptions would betray the key:
docs/security.md says who may see which.
"""

import threading
from typing import Callable, Optional, Sequence

import numpy as np
from numpy.typing import ArrayLike

from ._arrays import real_array
from ._library import Path, existing, path_bytes
from ._recipe import count
from ._vector import Vector

__all__ = ["Context", "Keys", "PublicKey", "SecretKey", "Vector"]


class Context:
    """Parameters, and the evaluation keys of operations on vectors.

    Parameters
    ----------
    depth : int
        Products one after another.
    slots : int
        Least number of entries of a vector; 0: any.
    precision : int
        Bits behind the binary point that encryption and the rounding of a
        product leave right.
    largest : float
        Bound of the magnitude of any entry, intermediate results included.
    threads : int, optional

    Attributes
    ----------
    keys : Keys or None
        Keys that operations use; can be set. Sums, and products with numbers
        and arrays, need none.
    slots, levels : int
        Most entries of a vector; level of a fresh vector.
    security_bits : float
    """

    def __init__(self, depth: int = 1, *, slots: int = 0,
                 precision: int = 20, largest: float = 1.0,
                 threads: Optional[int] = None):
        from ._owner_library import library
        self._begin(library, threads)
        request = library.ffi.new("bf_ckks_request *", {
            "depth": count("depth", depth, 1, 2 ** 31),
            "slots": count("slots", slots),
            "precision": count("precision", precision, 1, 2 ** 31),
            "largest": largest})
        self._call(library.lib.bf_ckks_create, self._parameters, request)

    def _begin(self, library, threads):
        self._library, self._threads = library, threads
        self._parameters = library.box("bf_ckks", library.lib.bf_ckks_destroy)
        self._lock = threading.RLock()  # of the evaluator
        self._evaluator, self._keys = None, None

    @classmethod
    def load(cls, path: Path, *, library=None,
             threads: Optional[int] = None) -> "Context":
        """The context of a file of evaluation keys, with these keys.

        library: ``blindfit.server.library`` for computations by code that
        holds nothing on secret keys.
        """
        if library is None:
            from ._owner_library import library
        self = object.__new__(cls)
        self._begin(library, threads)
        self._call(library.lib.bf_ckks_load, self._parameters, existing(path))
        keys = self._box("bf_keys", library.lib.bf_keys_destroy)
        self._call(library.lib.bf_keys_load, keys, self._ckks,
                   existing(path), library.ffi.NULL)
        self.keys = Keys(self, keys)
        return self

    @property
    def _ckks(self):
        return self._parameters[0]

    def _box(self, kind, destroy, *needs):
        """A box for an object of these parameters."""
        return self._library.box(kind, destroy, self._parameters, *needs)

    def _call(self, function, *args, keep=None):
        self._library.call(function, *args, threads=self._threads,
                           keep=(self._parameters, self._evaluator,
                                 self._keys, keep))

    @property
    def keys(self):
        return self._keys

    @keys.setter
    def keys(self, keys):
        with self._lock:
            self._keys, self._evaluator = keys, None

    def _apply(self, function, *args, keep):
        """A new ciphertext by an operation of the evaluator."""
        library = self._library
        out = self._box("bf_cipher", library.lib.bf_cipher_destroy)
        with self._lock:
            if self._evaluator is None:
                self._evaluator = self._make_evaluator()
            self._call(function, self._evaluator[0], out, *args, keep=keep)
        return out

    def _make_evaluator(self):
        library = self._library
        needs = [self._keys._box] if self._keys else []
        box = self._box("bf_evaluator", library.lib.bf_evaluator_destroy,
                        *needs)
        self._call(library.lib.bf_evaluator_create, box, self._ckks,
                   needs[0][0] if needs else library.ffi.NULL)
        return box

    @property
    def slots(self) -> int:
        return self._library.lib.bf_ckks_slots(self._ckks)

    @property
    def levels(self) -> int:
        return self._library.lib.bf_ckks_levels(self._ckks)

    @property
    def security_bits(self) -> float:
        return self._library.lib.bf_ckks_security(self._ckks)

    def keygen(self) -> "SecretKey":
        """A new secret key."""
        return SecretKey._make(self, "bf_secret_generate")

    def load_secret(self, path: Path) -> "SecretKey":
        """A secret key that was saved."""
        return SecretKey._make(self, "bf_secret_load", existing(path))

    def load_public_key(self, path: Path) -> "PublicKey":
        """A public key that was saved."""
        box = self._box("bf_public", self._library.lib.bf_public_destroy)
        self._call(self._library.lib.bf_public_load, box, self._ckks,
                   existing(path))
        return PublicKey(self, box)

    def load_vector(self, path: Path, size: int) -> Vector:
        """A vector of this size that was saved."""
        size = count("size", size, 1, self.slots)
        box = self._box("bf_cipher", self._library.lib.bf_cipher_destroy)
        self._call(self._library.lib.bf_cipher_load, box, 1, self._ckks,
                   existing(path))
        return Vector._of(self, box, size, clean=False)

    def _rehearsal(self):
        """A context without numbers, which notes the keys it needs."""
        library = self._library
        dry = object.__new__(Context)
        dry._begin(library, self._threads)
        dry._parameters = self._parameters
        dry._evaluator = self._box("bf_evaluator",
                                   library.lib.bf_evaluator_destroy)
        self._call(library.lib.bf_evaluator_create_dry, dry._evaluator,
                   self._ckks)
        return dry

    def _stand_in(self, size):
        box = self._box("bf_cipher", self._library.lib.bf_cipher_destroy)
        self._call(self._library.lib.bf_cipher_stand_in, box, self._ckks,
                   self.levels)
        return Vector._of(self, box, count("size", size, 1, self.slots))

    def __reduce__(self):
        raise TypeError("a Context is not pickled: Context.load reads it from "
                        "a file of keys")


class Keys:
    """Evaluation keys, which are public."""

    def __init__(self, context, box):
        self._context, self._box = context, box

    def save(self, path: Path) -> None:
        library = self._context._library
        self._context._call(library.lib.bf_keys_save, self._box[0],
                            path_bytes(path), library.ffi.NULL)


class _Encrypter:
    """A key that encrypts, by the function that _encrypt names."""

    _encrypt: str

    def __init__(self, context, box):
        self._context, self._box = context, box

    def encrypt(self, values: ArrayLike) -> Vector:
        """Encrypts numbers: an array of one dimension."""
        context = self._context
        values = np.ascontiguousarray(real_array(values, 1, "values"),
                                      dtype=np.float64)
        if not 1 <= values.size <= context.slots:
            raise ValueError(f"{values.size} values: 1 to {context.slots} "
                             "wanted")
        library = context._library
        out = context._box("bf_cipher", library.lib.bf_cipher_destroy)
        context._call(getattr(library.lib, self._encrypt), out, self._box[0],
                      library.ffi.from_buffer("double[]", values),
                      values.size)
        return Vector._of(context, out, values.size)


class PublicKey(_Encrypter):
    """A key that encrypts and nothing else."""

    _encrypt = "bf_public_encrypt"

    def save(self, path: Path) -> None:
        self._context._call(self._context._library.lib.bf_public_save,
                            self._box[0], path_bytes(path))


class SecretKey(_Encrypter):
    """A secret key, in locked memory of the library."""

    _encrypt = "bf_secret_encrypt"

    @classmethod
    def _make(cls, context, function, *args):
        from ._owner_library import library
        if context._library is not library:
            raise TypeError("a context of the server's library has no secret "
                            "keys")
        box = context._box("bf_secret", library.lib.bf_secret_destroy)
        context._call(getattr(library.lib, function), box, context._ckks,
                      *args)
        return cls(context, box)

    def decrypt(self, vector: Vector) -> np.ndarray:
        """The entries of a vector, approximately."""
        library, values = self._context._library, np.empty(vector.size)
        self._context._call(
            library.lib.bf_secret_decrypt,
            library.ffi.from_buffer("double[]", values,
                                    require_writable=True),
            vector.size, self._box[0], vector._c)
        return values

    def keys(self, *, products: bool = False, sums: bool = False,
             rolls: Sequence[int] = ()) -> Keys:
        """Evaluation keys for products of vectors, sums, and these rolls."""
        ffi, lib = self._context._library.ffi, self._context._library.lib
        rotations = ffi.new("int[]", [-int(roll) for roll in rolls])
        request = ffi.new("bf_keys_request *", {
            "products": bool(products), "sums": bool(sums),
            "rotations": rotations, "count": len(rolls)})
        return self._keys(lib.bf_keys_create, request, rotations)

    def keys_for(self, circuit: Callable, *sizes: int) -> Keys:
        """Exactly the keys that ``circuit`` needs for vectors of these sizes.

        The circuit is rehearsed on vectors without numbers.
        """
        dry = self._context._rehearsal()
        circuit(*[dry._stand_in(size) for size in sizes])
        return self._keys(self._context._library.lib.bf_keys_create_for,
                          dry._evaluator[0], dry)

    def _keys(self, function, wanted, keep):
        library = self._context._library
        box = self._context._box("bf_keys", library.lib.bf_keys_destroy)
        self._context._call(function, box, self._box[0], wanted,
                            library.ffi.NULL, keep=(self, keep))
        return Keys(self._context, box)

    def public_key(self) -> PublicKey:
        library = self._context._library
        box = self._context._box("bf_public", library.lib.bf_public_destroy)
        self._context._call(library.lib.bf_public_create, box, self._box[0])
        return PublicKey(self._context, box)

    def save(self, path: Path) -> None:
        """Writes a file of mode 0600."""
        self._context._call(self._context._library.lib.bf_secret_save,
                            self._box[0], path_bytes(path))

    def __reduce__(self):
        raise TypeError("a secret key is not pickled: save and load_secret "
                        "write and read its file")
