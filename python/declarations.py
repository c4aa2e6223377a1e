"""C declarations for cffi, read from the public headers.

The headers in ``include/blindfit`` are the only place where functions and
structs are declared. The compiler's preprocessor resolves conditions, macros
and array sizes; what remains are the declarations of each header.
"""

import re
import subprocess

# Marks that cffi does not know, and inline functions, which a binding cannot
# call.
ATTRIBUTE = re.compile(r"__attribute__\s*\(\((?:[^()]|\([^()]*\))*\)\)")
INLINE = re.compile(r"static inline .*?\n\}", re.DOTALL)
OWNER = "BLINDFIT_OWNER "
# Object-like macros that begin with a number; the compiler knows their value.
NUMBER = re.compile(r"^#define (BF_\w+) [(\d].*$", re.MULTILINE)
FRACTION = re.compile(r"^#define (BF_\w+) [\d.]*(?:\.\d|\de).*$", re.MULTILINE)


def _preprocessed(include, headers, compiler):
    """The declarations of these headers, without those of the system."""
    source = "\n".join(
        ['#include "blindfit/blindfit.h"', "#undef BF_OWNER_API",
         "#define BF_OWNER_API " + OWNER]
        + [f'#include "blindfit/{name}"' for name in headers])
    marked = subprocess.run(
        [*compiler, "-E", "-I", str(include), "-"], input=source, text=True,
        check=True, stdout=subprocess.PIPE).stdout
    lines, ours = [], False
    for line in marked.splitlines():
        if line.startswith("# "):
            ours = "/blindfit/" in line.split('"')[1]
        elif ours:
            lines.append(line)
    return "\n".join(lines)


def declarations(include, headers, owner, compiler=("cc",)):
    """Text for ``FFI.cdef``.

    include: folder that holds ``blindfit/``. headers: their names, such as
    ``"job.h"``. owner: whether functions on secrets are declared too.
    """
    text = _preprocessed(include, headers, compiler)
    text = ATTRIBUTE.sub("", INLINE.sub("", text)).replace("_Bool", "bool")
    # A statement ends with a semicolon outside of braces.
    statements = re.findall(r"(?:[^;{}]|\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\})*;",
                            text)
    if not owner:
        statements = [s for s in statements if OWNER not in s]
    numbers = []
    for header in ("blindfit.h", *headers):
        content = (include / "blindfit" / header).read_text()
        fractions = FRACTION.findall(content)
        numbers += [f"static const double {name};" if name in fractions
                    else f"#define {name} ..."
                    for name in NUMBER.findall(content)]
    return "\n".join(numbers + statements).replace(OWNER, "")
