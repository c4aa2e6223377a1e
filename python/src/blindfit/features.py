"""From images to rows of features, in plaintext on the owner's machine.

::

    from blindfit import features
    X, y = features.extract("photos/", return_X_y=True)
    X = features.extract(images, backbone=network)   # a module of torch

The library's own backbones need a build with image readers (docs/python.md);
modules of torch work with every build.
"""

import os
from typing import (TYPE_CHECKING, Any, Callable, Dict, Optional, Tuple,
                    Union)

import numpy as np
from numpy.typing import ArrayLike

from ._arrays import refuse_masked
from ._library import Path
from ._progress import Progress, reporter
from ._recipe import count
from .errors import UnsupportedError

if TYPE_CHECKING:
    import torch

_NORMALIZATIONS = (None, "imagenet")


def extract(images: Union[Path, ArrayLike, "torch.utils.data.Dataset[Any]"],
            backbone: Union[str, "torch.nn.Module"] = "scattering", *,
            weights: Optional[Path] = None, normalize: Optional[str] = None,
            labels: Optional[Path] = None, first: Optional[int] = None,
            strict: bool = True, return_X_y: bool = False,
            batch_size: Optional[int] = None, threads: Optional[int] = None,
            progress: Progress = "auto"
            ) -> Union[np.ndarray, Tuple[np.ndarray, np.ndarray]]:
    """Features of images, a row for each.

    Parameters
    ----------
    images : path, array or torch.utils.data.Dataset
        For a backbone of the library a path: a folder of PNG and JPEG files
        with a subfolder for each class, or without; an IDX, CIFAR or .npy
        file. Or an array of shape (n, height, width), (n, height, width, 1)
        or (n, height, width, 3): uint8 from 0 to 255, or floats from 0 to 1.
        For a module of torch an array or tensor of floats of shape
        (n, ...), usually (n, channels, height, width), prepared as the module
        wants it; or a Dataset of such images, or of (image, label).
    backbone : {"scattering", "regnet_x_400mf"} or torch.nn.Module
        "scattering": 925 features, without weights. "regnet_x_400mf": 400
        features. A module that maps a batch to a tensor of shape
        (batch, features), such as a network of torchvision or timm without
        its classifier; it runs in evaluation mode, without gradients, on the
        device that it is on.
    weights : path, optional
        "regnet_x_400mf": a .safetensors file, as of tools/convert-weights.py.
    normalize : {"imagenet"}, optional
        "regnet_x_400mf": subtracts ImageNet's mean and divides by its
        standard deviation.
    labels : path, optional
        A file of labels, for IDX and .npy files and folders without classes.
    first : int, optional
        Only so many images, from the first one on.
    strict : bool
        Whether an image that cannot be read, or a file beside folders of
        classes, is an error. Otherwise it has no row, and a line in the log
        ``blindfit`` names it: labels must then come from `return_X_y`.
    return_X_y : bool
        Whether labels are returned, too.
    batch_size : int, optional
        Images that go through the backbone at a time.
    threads : int, optional
        Of the library's backbones; torch has settings of its own.
    progress : "auto", bool or callable
        A function gets (phase, done, total).

    Returns
    -------
    X : float32 array of shape (n, features)
        The numbers that ``blindfit extract`` writes, exactly.
    y : array of shape (n,)
        With `return_X_y`: names of classes (str), or numbers from 0.

    Raises
    ------
    UnsupportedError
        If this build of the package has no backbones.
    RangeError
        For pixels out of range, and for features that are not finite.
    """
    refuse_masked(images, "the array of images")
    if batch_size is not None:
        batch_size = count("batch_size", batch_size, 1, 65536)
    if first is not None:
        first = count("first", first, 1)
    run: Callable[..., Any] = _of_library
    options: Dict[str, Any] = {}
    if isinstance(backbone, str):
        options = {"weights": weights, "normalize": normalize,
                   "labels": labels, "strict": strict, "threads": threads}
    else:
        from ._torch_features import of_module
        run = of_module
        given = {"weights": weights, "normalize": normalize,
                 "labels": labels, "threads": threads}
        for name, value in given.items():
            if value is not None:
                raise ValueError(f"{name}: for backbones of the library, not "
                                 "for modules of torch")
    with reporter(progress) as report:
        X, y = run(images, backbone, first=first, batch_size=batch_size,
                   want_labels=return_X_y, report=report, **options)
    return (X, y) if return_X_y else X


def _of_library(images, backbone, **options):
    try:
        from ._image_library import extract_path
    except ImportError as error:
        raise UnsupportedError(
            "this build of blindfit has no image readers and backbones "
            f"({error}); a module of torch as backbone works, or a build "
            "with them, see docs/python.md") from error
    if options["normalize"] not in _NORMALIZATIONS:
        raise ValueError(f"normalize={options['normalize']!r}: 'imagenet' or "
                         "None wanted")
    if isinstance(images, (str, bytes, os.PathLike)):
        return extract_path(images, backbone, **options)
    for name in ("labels", "want_labels"):
        if options[name]:
            raise ValueError("an array of images has no labels to return: "
                             "labels and return_X_y are for files")
    return _of_array(_pixels(images), extract_path, backbone, options)


def _of_array(pixels, extract_path, backbone, options):
    """Through an .npy file in memory, which no disk ever holds."""
    file = os.memfd_create("blindfit-images")
    path = f"/proc/self/fd/{file}"
    try:
        with os.fdopen(os.dup(file), "wb") as stream:
            np.save(stream, pixels)
        return extract_path(path, backbone, **options)
    except ValueError as error:
        raise type(error)(str(error).replace(path, "images")) from None
    finally:
        os.close(file)


def _pixels(images):
    pixels = np.asarray(images)
    if pixels.ndim not in (3, 4) or (pixels.ndim == 4
                                     and pixels.shape[3] not in (1, 3)):
        hint = ""
        if pixels.ndim == 4 and pixels.shape[1] in (1, 3):
            hint = "; .transpose(0, 2, 3, 1) brings channels to the end"
        raise ValueError(f"images have shape {pixels.shape}: (n, height, "
                         "width), with 1 or 3 channels at the end if any, "
                         f"wanted{hint}")
    if pixels.dtype != np.uint8 and pixels.dtype not in (
            np.float16, np.float32, np.float64):
        raise ValueError(f"images have type {pixels.dtype}: uint8 from 0 to "
                         "255, or floats from 0 to 1, wanted")
    if pixels.size == 0:
        raise ValueError(f"images have shape {pixels.shape}: no pixels")
    return np.ascontiguousarray(pixels)
