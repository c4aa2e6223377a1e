"""Image readers and backbones of the library, if this build has them."""

import logging

import numpy as np

import blindfit._features as _features  # its error names what is missing
from ._arrays import matrix_array
from ._library import Library, existing

library = Library(_features)
ffi, lib = library.ffi, library.lib

_log = logging.getLogger("blindfit")


@ffi.def_extern(name="blindfit_skip")
def _skip(user, image, why):
    _log.warning("skipped %s", library.text(why))


def extract_path(images, backbone, *, weights, normalize, labels, first,
                 strict, batch_size, want_labels, threads, report):
    """(X, labels or None) of the images of a path."""
    run = {"threads": threads}
    stream = library.box("bf_images", lib.bf_images_close)
    library.call(lib.bf_images_open, stream, existing(images),
                 ffi.NULL if labels is None else existing(labels),
                 bool(strict), **run)
    if want_labels and lib.bf_images_classes(stream[0]) == 0:
        raise ValueError(f"{images}: has no labels; labels=FILE names them")
    if first is not None:
        last = min(first, lib.bf_images_count(stream[0]))
        library.call(lib.bf_images_select, stream, {"first": 0, "last": last},
                     **run)
    network = _backbone(backbone, weights, normalize, batch_size)
    data = library.struct("bf_dataset", lib.bf_dataset_clear)
    library.call(lib.bf_extract, data, network[0], stream[0], bool(strict),
                 ffi.new("size_t *"), {"fn": lib.blindfit_skip}, ffi.NULL,
                 report=report, keep=(stream, network), **run)
    X = matrix_array(library, data.x).astype(np.float32)
    return X, _labels(data) if want_labels else None


def _backbone(name, weights, normalize, batch_size):
    texts = [ffi.new("char[]", name.encode()),
             ffi.NULL if weights is None
             else ffi.new("char[]", existing(weights))]
    options = ffi.new("bf_backbone_options *", {
        "name": texts[0], "weights": texts[1], "batch": batch_size or 0,
        "normalize_imagenet": normalize == "imagenet"})
    network = library.box("bf_backbone", lib.bf_backbone_destroy)
    library.call(lib.bf_backbone_create, network, options, keep=texts)
    return network


def _labels(data):
    numbers = np.frombuffer(ffi.buffer(data.labels, 4 * data.x.rows),
                            dtype=np.int32)
    if data.class_names == ffi.NULL:
        return numbers.astype(np.int64)
    names = np.array([library.text(data.class_names[i])
                      for i in range(data.classes)])
    return names[numbers]
