"""Recipes of the library, from keyword arguments."""

_AIMS = {"balance": "BF_AIM_BALANCE", "speed": "BF_AIM_SPEED",
         "accuracy": "BF_AIM_ACCURACY"}
_MAPS = {"auto": "BF_MAP_AUTO", "none": "BF_MAP_NONE", "sqrt": "BF_MAP_SQRT"}

# Parameters that recipe "paper" does not have.
_WHITENED = ("aim", "components", "ridge", "clip", "steps", "batch",
             "random_features", "safe")

_PAPER_ITERATIONS = 2
# The clip and the least factor of steps of safe recipes.
_SAFE_CLIP = 1.0


def choose(name, value, choices):
    """The entry of a dict of choices; ValueError names them all."""
    try:
        return choices[value]
    except (KeyError, TypeError):
        raise ValueError(f"{name}={value!r}: one of "
                         f"{', '.join(map(repr, choices))} wanted") from None


def count(name, value, least=0, most=2 ** 63 - 1):
    """A whole number in this range as an int; ValueError for others."""
    try:
        number = int(value)
        whole = number == value and not isinstance(value, bool)
    except (TypeError, ValueError, OverflowError):
        whole = False
    if not whole or not least <= number <= most:
        raise ValueError(f"{name}={value!r}: a whole number from {least} to "
                         f"{most} wanted" if most < 2 ** 32 else
                         f"{name}={value!r}: a whole number from {least} on "
                         "wanted")
    return number


def is_list(value):
    """Whether there are several values; an array can be a single one."""
    return hasattr(value, "__len__") and getattr(value, "ndim", 1) > 0


def make_recipe(library, samples, features, *, recipe="whitened", aim=None,
                iterations=None, feature_map="auto", components=None,
                ridge=None, clip=None, steps=None, batch=None,
                random_features=None, safe=False):
    """A bf_recipe for rows of these shapes. None: the library's default."""
    ffi, lib = library.ffi, library.lib
    given = dict(aim=aim, components=components, ridge=ridge, clip=clip,
                 steps=steps, batch=batch, random_features=random_features,
                 safe=safe or None)
    out = ffi.new("bf_recipe *")
    if iterations is not None:
        iterations = count("iterations", iterations, 1,
                           lib.BF_MAX_ITERATIONS)
    if recipe == "paper":
        for name in _WHITENED:
            if given[name] is not None:
                raise ValueError(f"{name}: recipe 'paper' has none")
        library.call(lib.bf_recipe_default, out, lib.BF_RECIPE_PAPER,
                     iterations or _PAPER_ITERATIONS, samples, features)
    elif recipe == "whitened":
        out.iterations = iterations or 0
        if components is not None:
            out.components = count("components", components, 1)
        if random_features is not None:
            out.expand.count, out.expand.seed = _expansion(random_features)
        library.call(lib.bf_recipe_aim, out,
                     getattr(lib, choose("aim", "balance" if aim is None
                                     else aim, _AIMS)),
                     samples, features)
        if batch is not None:
            batch = count("batch", batch, 1)
            if batch < samples:
                lib.bf_recipe_batches(out, batch)
    else:
        raise ValueError(f"recipe={recipe!r}: 'whitened' or 'paper' wanted")
    if ridge is not None:
        setattr(out, "lambda", ridge)
    if clip is not None:
        out.clip = clip
    if feature_map is None:
        feature_map = "auto"
    if recipe == "whitened" or feature_map != "auto":
        out.map = getattr(lib, choose("feature_map", feature_map, _MAPS))
    if steps is not None:
        set_steps(out, steps, lib.BF_MAX_ITERATIONS)
    library.call(lib.bf_recipe_check, out)
    if safe:
        if clip is None:
            out.clip = _SAFE_CLIP
        library.call(lib.bf_recipe_make_safe, out,
                     1.0 if steps is not None else lib.BF_SAFE_STEPS,
                     samples, features)
    return out


def _expansion(random_features):
    """(count, seed) from a count, or from a pair."""
    if isinstance(random_features, (tuple, list)):
        size, seed = random_features
    else:
        size, seed = random_features, 0
    return (count("random_features", size, 1),
            count("the seed of random_features", seed))


def set_steps(out, steps, most):
    """Sets the step sizes of a recipe; the last one repeats."""
    steps = list(steps)
    if not 1 <= len(steps) <= most:
        raise ValueError(f"steps: 1 to {most} numbers wanted")
    out.step_count = len(steps)
    for i, step in enumerate(steps):
        out.steps[i] = step
