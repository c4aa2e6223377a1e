"""Features of images: those of the programs, and those of modules of torch."""

import gzip
import logging
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from blindfit import FormatError, RangeError, UnsupportedError
from blindfit.features import extract

ROOT = Path(__file__).resolve().parents[2]
DIGITS = ROOT / "data" / "digits-train-images.idx.gz"
LABELS = ROOT / "data" / "digits-train-labels.idx.gz"


@pytest.fixture(scope="module")
def program():
    """blindfit extract, of the build whose wheel is tested."""
    pytest.importorskip("blindfit._features",
                        reason="a build without backbones")
    build = os.environ.get("BLINDFIT_BUILD")
    if not build:
        pytest.skip("BLINDFIT_BUILD names no folder with the programs")

    def run(folder, *arguments):
        x, y = folder / "x.npy", folder / "y.npy"
        subprocess.run([Path(build) / "blindfit", "extract", *arguments, "-o",
                        x, "--labels-out", y], check=True,
                       stdout=subprocess.DEVNULL)
        return np.load(x), np.load(y)
    return run


@pytest.fixture(scope="module")
def digits():
    """Arrays of uint8 from the files."""
    with gzip.open(DIGITS) as file:
        pixels = np.frombuffer(file.read(), np.uint8, offset=16)
    with gzip.open(LABELS) as file:
        labels = np.frombuffer(file.read(), np.uint8, offset=8)
    return pixels.reshape(-1, 28, 28), labels


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """A folder with a subfolder for each class, as ImageFolder reads it."""
    folder = tmp_path_factory.mktemp("photos")
    random = np.random.default_rng(1)
    for name in "cat", "dog":
        (folder / name).mkdir()
        for i in range(3):
            pixels = random.integers(0, 256, (40, 30, 3), np.uint8)
            _write_png(folder / name / f"{i}.png", pixels)
    return folder


def _write_png(path, pixels):
    import struct
    import zlib
    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    chunks = ((b"IHDR", struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0)),
              (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data
        + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks))


# ---- backbones of the library ----

def test_the_numbers_of_the_program(program, digits, tmp_path):
    x, y = program(tmp_path, DIGITS, "--labels", LABELS)
    X, labels = extract(DIGITS, labels=LABELS, return_X_y=True)
    assert X.dtype == np.float32 and X.shape == (128, 925)
    assert (X == x).all() and (labels == y).all()
    assert (labels == digits[1]).all()
    pixels = digits[0]
    for images in (pixels, pixels[..., None], pixels / 255.0,
                   np.asfortranarray(pixels)):
        assert (extract(images) == x).all()
    assert (extract(pixels[::2], batch_size=7, threads=1) == x[::2]).all()
    assert (extract(DIGITS, first=5) == x[:5]).all()


def test_folders(program, photos, tmp_path):
    x, y = program(tmp_path, photos)
    X, names = extract(photos, return_X_y=True)
    assert (X == x).all()
    assert names.tolist() == ["cat"] * 3 + ["dog"] * 3
    assert (y == (names == "dog")).all()


def test_images_that_cannot_be_read(program, photos, tmp_path, caplog):
    for name in "cat", "dog":
        (tmp_path / name).mkdir()
        for image in (photos / name).iterdir():
            os.link(image, tmp_path / name / image.name)
    (tmp_path / "notes.txt").write_text("beside the classes")
    with pytest.raises(ValueError, match="notes.txt"):
        extract(tmp_path)
    (tmp_path / "notes.txt").unlink()
    (tmp_path / "cat" / "1.png").unlink()
    (tmp_path / "cat" / "1.png").write_bytes(b"no picture")
    with pytest.raises(FormatError, match="1.png"):
        extract(tmp_path)
    with caplog.at_level(logging.WARNING, "blindfit"):
        X, names = extract(tmp_path, return_X_y=True, strict=False)
    assert X.shape[0] == 5 and names.tolist() == ["cat"] * 2 + ["dog"] * 3
    assert [r.message for r in caplog.records if "1.png" in r.message]


@pytest.mark.parametrize("make, error, message", [
    (lambda p: p[0], ValueError, r"\(28, 28\)"),
    (lambda p: p[:, None], ValueError, "transpose"),
    (lambda p: p[..., None].repeat(2, 3), ValueError, "channels"),
    (lambda p: p.astype(int), ValueError, "int64"),
    (lambda p: p * 1j, ValueError, "complex"),
    (lambda p: p.astype(object), ValueError, "object"),
    (lambda p: p[:0], ValueError, "no pixels"),
    (lambda p: p * 1.0, RangeError, "^images: image .* divide by 255"),
    (lambda p: p / 255.0 - 0.5, RangeError, "^images: .*normalised"),
    (lambda p: np.where(p == 9, np.nan, p / 255.0), RangeError, "nan"),
    (lambda p: p[:, :4], ValueError, "images: .*4"),
    (lambda p: np.ma.masked_equal(p, 9), ValueError, "masked"),
])
def test_arrays_that_are_no_images(program, digits, make, error, message):
    with pytest.raises(error, match=message):
        extract(make(digits[0]))


@pytest.mark.parametrize("arguments, error, message", [
    (dict(backbone="resnet"), ValueError, "resnet"),
    (dict(backbone="regnet_x_400mf"), ValueError, "weights"),
    (dict(weights=DIGITS), ValueError, "scattering"),
    (dict(normalize="mean"), ValueError, "imagenet"),
    (dict(return_X_y=True), ValueError, "labels"),
    (dict(labels=DIGITS), ValueError, "labels"),
    (dict(batch_size=0), ValueError, "batch_size"),
    (dict(first=-1), ValueError, "first"),
    (dict(threads=0), ValueError, "threads"),
    (dict(images="no such file"), FileNotFoundError, "no such file"),
    (dict(images=os.devnull), ValueError, "neither a file nor a folder"),
])
def test_what_cannot_be(program, arguments, error, message):
    with pytest.raises(error, match=message):
        extract(**{"images": DIGITS, **arguments})


def test_callbacks(program):
    seen = []
    extract(DIGITS, progress=lambda *report: seen.append(report))
    assert seen and seen[-1][1] == seen[-1][2]
    with pytest.raises(ZeroDivisionError):
        extract(DIGITS, progress=lambda *report: 1 / 0)


def test_builds_without_backbones(monkeypatch, digits):
    monkeypatch.setitem(sys.modules, "blindfit._image_library", None)
    with pytest.raises(UnsupportedError, match="docs/python.md"):
        extract(digits[0])


def test_the_rest_needs_no_library_for_images():
    script = ("import blindfit.features, blindfit.owner; "
              "maps = open('/proc/self/maps').read(); "
              "assert '_owner.abi3.so' in maps; "
              "assert 'libdnnl' not in maps and 'libpng' not in maps")
    subprocess.run([sys.executable, "-c", script], check=True)


# ---- modules of torch ----

@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch")


@pytest.fixture
def network(torch):
    """A network whose output depends on its mode."""
    torch.manual_seed(1)
    return torch.nn.Sequential(
        torch.nn.Conv2d(1, 3, 5, stride=3), torch.nn.BatchNorm2d(3),
        torch.nn.ReLU(), torch.nn.Dropout(), torch.nn.Flatten())


class Items:
    """A Dataset, if its class derives from torch's."""

    def __init__(self, *columns):
        self.columns = columns

    def __len__(self):
        return len(self.columns[0])

    def __getitem__(self, i):
        item = tuple(column[i] for column in self.columns)
        return item if len(item) > 1 else item[0]


def dataset(torch, *columns):
    return type("Items", (Items, torch.utils.data.Dataset), {})(*columns)


def test_modules(torch, network, digits):
    images = (digits[0][:50, None] / 255).astype(np.float32)
    network[0].eval()  # and the others in training mode
    before = [part.training for part in network.modules()]
    X = extract(images, network, batch_size=8)
    assert [part.training for part in network.modules()] == before
    with torch.no_grad():
        wanted = network.eval()(torch.from_numpy(images)).numpy()
    assert X.dtype == np.float32
    np.testing.assert_allclose(X, wanted, atol=1e-6)
    items = dataset(torch, torch.from_numpy(images), digits[1])
    again, y = extract(items, network, batch_size=8, return_X_y=True)
    assert (again == X).all() and (y == digits[1][:50]).all()
    assert (extract(items, network, first=16, batch_size=8) == X[:16]).all()
    images.flags.writeable = False
    for other in (images.astype(np.float64), images[::-1][::-1],
                  torch.from_numpy(images.copy()), images.astype(">f4")):
        assert (extract(other, network, batch_size=8) == X).all()
    seen = []
    extract(images, network, batch_size=20,
            progress=lambda *report: seen.append(report))
    assert seen == [("features", done, 50) for done in (20, 40, 50)]


@pytest.mark.parametrize("make, error, message", [
    (lambda t, n: lambda x: x, ValueError, "torch.nn.Module"),
    (lambda t, n: n[:3], ValueError, "AdaptiveAvgPool2d"),
    (lambda t, n: t.nn.Sequential(n, t.nn.Flatten(0)), ValueError, "shape"),
    (lambda t, n: t.nn.Sequential(n, t.nn.LSTM(192, 2)), ValueError, "tuple"),
    (lambda t, n: t.nn.Flatten(5), IndexError, "range"),
])
def test_modules_that_give_no_features(torch, network, make, error, message):
    images = np.ones((4, 1, 28, 28), np.float32)
    with pytest.raises(error, match=message):
        extract(images, make(torch, network))
    assert network.training


@pytest.mark.parametrize("change, message", [
    (lambda x: x[:0], "no images"),
    (lambda x: x[0, 0, 0], "shape"),
    (lambda x: (255 * x).astype(np.uint8), "uint8"),
    (lambda x: x * 1j, "complex"),
    (lambda x: x.astype(object), "object"),
    (lambda x: np.ma.masked_equal(x, 1), "masked"),
    (lambda x: np.where(np.arange(len(x))[:, None, None, None] == 5, np.nan,
                        x), "image 5 "),
])
def test_arrays_that_modules_do_not_take(torch, network, change, message):
    images = np.ones((9, 1, 28, 28), np.float32)
    with pytest.raises(ValueError, match=message):
        extract(change(images), network, batch_size=2)


def test_datasets_that_cannot_be(torch, network):
    images = torch.ones(4, 1, 28, 28)
    for items, message in (
            ([images[:0]], "no images"), ([list("abcd")], "str"),
            ([[images[0], images[0, :, 1:]]], "one shape"),
            ([images.to(torch.uint8)], "uint8")):
        with pytest.raises(ValueError, match=message):
            extract(dataset(torch, *items), network)
    loader = torch.utils.data.DataLoader(dataset(torch, images))
    with pytest.raises(ValueError, match="DataLoader"):
        extract(loader, network)
    with pytest.raises(ValueError, match="no labels"):
        extract(dataset(torch, images), network, return_X_y=True)
    with pytest.raises(ValueError, match="no labels"):
        extract(images, network, return_X_y=True)
    with pytest.raises(ValueError, match="normalize"):
        extract(images, network, normalize="imagenet")


def test_regnet(program, torch, digits, tmp_path):
    """One network by the program, by the library and by torchvision."""
    torchvision = pytest.importorskip("torchvision")
    torch.manual_seed(2)
    regnet = torchvision.models.regnet_x_400mf(weights=None)
    torch.save(regnet.state_dict(), tmp_path / "weights.pth")
    weights = tmp_path / "weights.safetensors"
    subprocess.run([sys.executable, ROOT / "tools" / "convert-weights.py",
                    tmp_path / "weights.pth", weights], check=True,
                   stdout=subprocess.DEVNULL)
    x, _ = program(tmp_path, DIGITS, "--labels", LABELS, "--first", "2",
                   "--backbone", "regnet_x_400mf", "--weights", weights,
                   "--normalize", "imagenet")
    X = extract(DIGITS, "regnet_x_400mf", weights=weights, first=2,
                normalize="imagenet")
    assert X.shape == (2, 400) and (X == x).all()

    from torchvision.transforms import functional
    images = torch.from_numpy(digits[0][:2, None] / np.float32(255))
    images = functional.normalize(
        functional.resize(images, [224, 224]).repeat(1, 3, 1, 1),
        [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    regnet.fc = torch.nn.Identity()
    np.testing.assert_allclose(extract(images, regnet), X, rtol=1e-3,
                               atol=1e-3 * X.max())
