"""Features of images by a module of torch."""

from contextlib import contextmanager

import numpy as np
import torch

from .errors import RangeError

_BATCH = 64


def of_module(images, module, *, first, batch_size, want_labels, report):
    """(X, labels or None) of an array, tensor or Dataset."""
    if not isinstance(module, torch.nn.Module):
        raise ValueError(f"backbone={module!r}: a name or a torch.nn.Module "
                         "wanted")
    size = batch_size or _BATCH
    if isinstance(images, torch.utils.data.DataLoader):
        raise ValueError("images are a DataLoader: its .dataset, and "
                         "batch_size, are wanted")
    if isinstance(images, torch.utils.data.Dataset):
        total, batches = _of_dataset(images, first, size)
    else:
        if want_labels:
            raise ValueError("an array of images has no labels to return: "
                             "return_X_y is for a Dataset")
        total, batches = _of_array(images, first, size)
    rows, labels = [], []
    with _evaluating(module), torch.no_grad():
        for batch, y in batches:
            done = sum(map(len, rows))
            rows.append(_features(module, batch, done))
            labels.append(y)
            if report:
                report("features", done + len(batch), total)
    if not want_labels:
        return np.concatenate(rows), None
    if any(y is None for y in labels):
        raise ValueError("items of the dataset have no labels: (image, "
                         "label) wanted")
    return np.concatenate(rows), np.concatenate(labels)


@contextmanager
def _evaluating(module):
    """Evaluation mode, for the modules that were in training mode before."""
    training = [part for part in module.modules() if part.training]
    module.eval()
    try:
        yield
    finally:
        for part in training:
            part.training = True


def _of_array(images, first, size):
    array = images if isinstance(images, torch.Tensor) else np.asarray(images)
    if array.ndim < 2:
        raise ValueError(f"images have shape {tuple(array.shape)}: (n, "
                         "channels, height, width), or what else the module "
                         "takes, wanted")
    array = array[:first]
    if len(array) == 0:
        raise ValueError("there are no images")

    def batches():
        for begin in range(0, len(array), size):
            part = array[begin:begin + size]
            if not isinstance(part, torch.Tensor):
                part = _tensor(part)
            yield part, None

    return len(array), batches()


def _tensor(part):
    if part.dtype.kind != "f":
        raise ValueError(f"images have type {part.dtype}: floats wanted, "
                         "scaled as for the training of the module")
    return torch.from_numpy(np.array(part, dtype=part.dtype.newbyteorder("=")))


def _of_dataset(dataset, first, size):
    if not hasattr(dataset, "__len__"):
        raise ValueError("images are a dataset without a length: one with "
                         "__len__ and __getitem__ wanted")
    total = len(dataset) if first is None else min(first, len(dataset))
    if total == 0:
        raise ValueError("there are no images")
    chosen = torch.utils.data.Subset(dataset, range(total))

    def batches():
        for items in torch.utils.data.DataLoader(chosen, batch_size=size,
                                                 collate_fn=list):
            yield _collated(items)

    return total, batches()


def _collated(items):
    """(images, labels or None) of items (image) or (image, label)."""
    labelled = isinstance(items[0], (tuple, list))
    images = [item[0] if labelled else item for item in items]
    for image in images:
        if not isinstance(image, torch.Tensor):
            raise ValueError("an image of the dataset is of type "
                             f"{type(image).__name__}: tensors wanted, as of "
                             "transform=ToTensor()")
        if image.shape != images[0].shape:
            raise ValueError("images of the dataset have shapes "
                             f"{tuple(images[0].shape)} and "
                             f"{tuple(image.shape)}: one shape wanted")
    labels = np.array([item[1] for item in items]) if labelled else None
    return torch.stack(images), labels


def _features(module, images, first):
    """Features of a batch, whose first image has this number."""
    if not images.is_floating_point():
        raise ValueError(f"images have type {images.dtype}: floats wanted, "
                         "scaled as for the training of the module")
    like = next(module.parameters(), None)
    if like is None:
        images = images.float()
    else:
        images = images.to(device=like.device, dtype=like.dtype)
    out = module(images)
    wanted = f"a tensor of shape ({len(images)}, features) wanted"
    if not isinstance(out, torch.Tensor):
        raise ValueError(f"the module returns a {type(out).__name__}: "
                         f"{wanted}")
    if out.ndim != 2 or len(out) != len(images) or out.shape[1] == 0:
        hint = ("; torch.nn.Sequential(module, torch.nn.AdaptiveAvgPool2d(1),"
                " torch.nn.Flatten()) averages maps") if out.ndim == 4 else ""
        raise ValueError(f"the module returns shape {tuple(out.shape)}: "
                         f"{wanted}{hint}")
    if not out.is_floating_point():
        raise ValueError(f"the module returns {out.dtype}: floats wanted")
    bad = ~torch.isfinite(out).all(dim=1)
    if bad.any():
        image = first + int(bad.nonzero()[0])
        raise RangeError(f"image {image} has a feature that is not finite")
    return out.float().cpu().numpy()
