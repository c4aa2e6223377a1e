"""Encrypted vectors that compute like arrays of numpy."""

import numbers
from typing import TYPE_CHECKING, Any, Callable

import numpy as np
from numpy.typing import ArrayLike

from ._arrays import View, real_array, refuse_masked
from ._library import Path, path_bytes

if TYPE_CHECKING:
    from .ckks import Context


class Vector:
    """An encrypted vector of real numbers.

    Supports ``+``, ``-`` and ``*`` with vectors, arrays and numbers, ``/``
    with numbers, ``**`` with whole numbers, and ``matrix @ vector``. A vector
    of size 1 is added to, or multiplies, each entry of another vector.

    A product takes one level, but for whole numbers (int), which take none;
    the power n takes ceil(log2(n)), and a polynomial of degree d
    ceil(log2(d + 1)).

    Attributes
    ----------
    context : Context
    size : int
    level : int
        Products that are left.
    error : float
        Expected standard deviation of an entry's error.
    """

    context: "Context"
    size: int
    _box: Any
    _clean: bool

    __array_ufunc__ = None  # array * vector asks the vector

    def __init__(self):
        raise TypeError("vectors are made by encryption and arithmetic")

    @classmethod
    def _of(cls, context, box, size, clean=True):
        """clean: the slots that fill the size up to a power of two are 0."""
        self = object.__new__(cls)
        self.context, self._box, self.size = context, box, size
        self._clean = clean or size & (size - 1) == 0
        return self

    @property
    def _c(self):
        return self._box[0]

    def _do(self, function, *args, size=None, clean=True, keep=None):
        """The result of an operation on this vector."""
        box = self.context._apply(function, self._c, *args,
                                  keep=(self, keep))
        return Vector._of(self.context, box, size or self.size, clean)

    @property
    def _lib(self):
        return self.context._library.lib

    def _facts(self):
        return self._lib.bf_cipher_describe(self._c)

    @property
    def level(self) -> int:
        return self._facts().level

    @property
    def error(self) -> float:
        return self._facts().error

    @property
    def shape(self):
        return (self.size,)

    def __len__(self):
        return self.size

    def __repr__(self):
        return f"<Vector of {self.size}, level {self.level}>"

    # ---- sums ----

    def __add__(self, other):
        return self._sum(other, self._lib.bf_cipher_add, 1)

    __radd__ = __add__

    def __sub__(self, other):
        return self._sum(other, self._lib.bf_cipher_sub, -1)

    def __rsub__(self, other):
        return -self + other

    def __neg__(self):
        return self._do(self._lib.bf_cipher_negate, clean=self._clean)

    def _sum(self, other, function, sign):
        if isinstance(other, Vector):
            size = self._size_with(other)
            return self._do(function, other._c, size=size, keep=other,
                            clean=self.size == other.size and self._clean
                            and other._clean)
        values = self._values(other)
        if values is None:
            return NotImplemented
        if values.ndim == 0 and self.size & (self.size - 1) == 0:
            return self._do(self._lib.bf_cipher_add_const,
                            sign * float(values))
        full = np.ascontiguousarray(
            np.broadcast_to(sign * values, (self.size,)))
        return self._do(self._lib.bf_cipher_add_values, *self._array(full),
                        clean=self._clean)

    # ---- products ----

    def __mul__(self, other):
        if isinstance(other, Vector):
            size = self._size_with(other)
            clean = ((self._clean and self.size == size)
                     or (other._clean and other.size == size))
            return self._do(self._lib.bf_cipher_mul, other._c, size=size,
                            clean=clean, keep=other)
        if isinstance(other, numbers.Integral) and abs(other) < 2 ** 63:
            return self._do(self._lib.bf_cipher_mul_int, int(other),
                            clean=self._clean)
        values = self._values(other)
        if values is None:
            return NotImplemented
        if values.ndim == 0:
            return self._do(self._lib.bf_cipher_mul_const, float(values),
                            clean=self._clean)
        return self._do(self._lib.bf_cipher_mul_values, *self._array(values))

    __rmul__ = __mul__

    def __truediv__(self, other):
        if isinstance(other, numbers.Real):
            return self * (1.0 / float(other))
        return NotImplemented

    def __pow__(self, power):
        if not isinstance(power, numbers.Integral) or power < 1:
            raise ValueError(f"power {power!r}: a whole number from 1 wanted")
        powers = {1: self}

        def of(n):  # of halves, which takes the fewest levels
            if n not in powers:
                powers[n] = of(n - n // 2) * of(n // 2)
            return powers[n]

        return of(int(power))

    def __rmatmul__(self, matrix):
        """matrix (rows x size) times this vector: a vector of size rows."""
        view = View(self.context._library, matrix, "the matrix")
        rows, cols = view.array.shape
        if cols != self.size:
            raise ValueError(f"a matrix of {rows} x {cols} times a vector of "
                             f"{self.size} entries")
        block, period = (1 << (n - 1).bit_length() for n in (rows, cols))
        if block < period:
            # The product has the map's period, which is that of the columns:
            # its slots are to repeat the block of a vector of size rows.
            full = np.zeros((period // block, block, cols))
            full[:, :rows] = view.array
            view = View(self.context._library, full.reshape(period, cols))
        linear = self.context._box("bf_linear", self._lib.bf_linear_destroy)
        self.context._call(self._lib.bf_linear_create, linear,
                           self.context._ckks, view.c, self.level,
                           keep=view)
        return self._do(self._lib.bf_linear_apply, linear[0],
                        size=rows, keep=linear)

    def dot(self, other: "Vector") -> "Vector":
        """The sum of products of entries, a vector of size 1."""
        return (self * other).sum()

    def sum(self) -> "Vector":
        """The sum of all entries, a vector of size 1.

        Takes a level if the size is no power of two and numbers were added by
        a polynomial or a vector of size 1.
        """
        if not self._clean:
            return (self * np.ones(self.size)).sum()
        slots = 1 << (self.size - 1).bit_length()
        return self._do(self._lib.bf_cipher_sum, slots, size=1)

    def mean(self) -> "Vector":
        """The mean of all entries, a vector of size 1. Takes a level."""
        return self.sum() * (1.0 / self.size)

    def roll(self, shift: int) -> "Vector":
        """As numpy.roll. The size must be a power of two."""
        if self.size & (self.size - 1):
            raise ValueError(f"a vector of {self.size} entries: only those "
                             "of a power of two can be rolled")
        return self._do(self._lib.bf_cipher_rotate, -int(shift))

    # ---- polynomials ----

    def polynomial(self, coefficients: ArrayLike) -> "Vector":
        """c[0] + c[1] x + c[2] x^2 + ..., of degree 1 to 1023."""
        c = real_array(coefficients, 1, "coefficients")
        if len(c) < 2:
            raise ValueError(f"{len(c)} coefficients: a degree from 1 on "
                             "wanted")
        return self._do(self._lib.bf_cipher_power_series, self._array(c)[0],
                        len(c) - 1, clean=self._clean and c[0] == 0)

    def apply(self, function: Callable[[np.ndarray], np.ndarray], low: float,
              high: float, degree: int) -> "Vector":
        """A function of each entry, by a polynomial of this degree.

        function takes and returns an array; entries lie in [low, high].
        """
        from numpy.polynomial import chebyshev
        middle, half = (high + low) / 2, (high - low) / 2
        c = chebyshev.chebinterpolate(
            lambda t: function(middle + half * t), degree)
        return self._do(self._lib.bf_cipher_chebyshev, self._array(c)[0],
                        degree, low, high, clean=False)

    # ---- files ----

    def save(self, path: Path) -> None:
        """Writes the ciphertext. The size is not in the file."""
        self.context._call(self._lib.bf_cipher_save, self._box, 1,
                           path_bytes(path))

    # ---- operands ----

    def _size_with(self, other):
        if other.context is not self.context:
            raise ValueError("vectors of two contexts")
        if 1 not in (self.size, other.size) and self.size != other.size:
            raise ValueError(f"vectors of {self.size} and {other.size} "
                             "entries")
        return max(self.size, other.size)

    def _values(self, other):
        """A number or an array of this size; None for other things."""
        if isinstance(other, numbers.Real):
            other = float(other)
        refuse_masked(other, "the array")
        values = np.asarray(other)
        if values.dtype.kind not in "biuf":
            return None
        values = values.astype(np.float64)
        if values.ndim and values.shape != (self.size,):
            raise ValueError(f"an array of shape {values.shape} with a vector "
                             f"of {self.size} entries")
        return values

    def _array(self, values):
        return self.context._library.ffi.from_buffer(
            "double[]", np.ascontiguousarray(values, np.float64)), values.size
