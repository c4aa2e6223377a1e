#!/usr/bin/env python3
"""What torchvision makes of regnet_x_400mf and of resizing, for comparison.

    torch_reference.py FOLDER [--seed S] [--resize-only]

writes into FOLDER
    weights.pth, weights.safetensors  random weights, batch norm included; the
                                      second by tools/convert-weights.py
    pictures/CLASS/*                  PNG and JPEG pictures of several sizes
    resized.safetensors               each picture resized, under its path
    reference.safetensors             "input" and every layer's output for it,
                                      "features", "normalized" (the features
                                      after ImageNet's normalisation)
With --resize-only, the pictures and resized.safetensors alone. Exits with 77 when torch or torchvision is absent.
"""
import argparse
import gzip
import importlib.util
import os
import subprocess
import sys

try:
    import numpy as np
    import torch
    import torchvision
    from PIL import Image
    from torchvision import transforms
except ImportError as missing:
    print(missing, file=sys.stderr)
    sys.exit(77)

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
CONVERT = os.path.join(ROOT, "tools", "convert-weights.py")
FASHION = "/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz"
# Pictures whose layers are written: two in colour, two of Fashion-MNIST.
TRACED = ["colour/01.png", "colour/05.png", "grey/00.png", "grey/01.png"]
# Gain of what the last stage adds to its sum. At 1 features have a mean of 4;
# those of the pretrained network on MNIST have 0.6, and what is trained on
# features is made for their size.
LAST_STAGE_GAIN = 0.27


def load_converter():
    spec = importlib.util.spec_from_file_location("convert_weights", CONVERT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def colour_picture(rng, width, height):
    """Smooth 1/f texture per channel with a few flat shapes, 8 bits."""
    fy = np.fft.fftfreq(height)[:, None]
    fx = np.fft.rfftfreq(width)[None, :]
    falloff = 1 / np.maximum(np.hypot(fy, fx), 1 / max(width, height))
    planes = []
    for _ in range(3):
        noise = rng.standard_normal((height, width // 2 + 1, 2)) @ [1, 1j]
        plane = np.fft.irfft2(noise * falloff, (height, width))
        planes.append(plane / (plane.std() + 1e-9))
    image = 128 + 48 * np.stack(planes, -1) + 40 * planes[0][..., None]
    for _ in range(5):
        x, y = rng.integers(0, width), rng.integers(0, height)
        w, h = rng.integers(1, width + 1), rng.integers(1, height + 1)
        image[y:y + h // 3 + 1, x:x + w // 3 + 1] = rng.integers(0, 256, 3)
    return Image.fromarray(np.clip(image, 0, 255).astype(np.uint8), "RGB")


def grey_pictures(rng, count):
    """Real ones where Fashion-MNIST is installed."""
    if os.path.exists(FASHION):
        with gzip.open(FASHION) as idx:
            data = idx.read(16 + 784 * count)[16:]
        pixels = np.frombuffer(data, np.uint8).reshape(count, 28, 28)
    else:
        pixels = rng.integers(0, 256, (count, 28, 28)).astype(np.uint8)
    return [Image.fromarray(p, "L") for p in pixels]


def write_pictures(folder, rng):
    """Returns the paths below the folder, in bytewise order."""
    sizes = [(224, 224), (320, 200), (97, 301), (32, 32), (1, 1), (640, 480),
             (3, 500), (225, 223)]
    colour = [colour_picture(rng, *size) for size in sizes]
    grey = grey_pictures(rng, 6)
    made = {f"colour/{i:02}.png": (p, {}) for i, p in enumerate(colour)}
    made.update({f"grey/{i:02}.png": (p, {}) for i, p in enumerate(grey)})
    veil = colour[1].copy()
    veil.putalpha(colour[1].convert("L"))
    made.update({
        "other/alpha.png": (veil, {}),
        "other/grey-alpha.png": (veil.convert("LA"), {}),
        "other/palette.png": (colour[2].quantize(50), {}),
        "other/bits.png": (grey[0].convert("1"), {}),
        "photo/baseline.jpg": (colour[5], {"quality": 85}),
        "photo/full.jpg": (colour[1], {"quality": 95, "subsampling": 0}),
        "photo/grey.jpg": (colour[2].convert("L"), {"quality": 75}),
        "photo/progressive.jpg": (colour[7], {"progressive": True}),
    })
    for path, (picture, how) in made.items():
        target = os.path.join(folder, path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        picture.save(target, **how)
    return sorted(made)


def prepare(picture):
    """The paper's preprocessing: ToTensor, then Resize; colours as
    torchvision's ImageFolder reads them, grey repeated."""
    if picture.mode not in ("L", "1", "LA"):
        picture = picture.convert("RGB")
    elif picture.mode != "L":
        picture = picture.convert("L")
    resize = transforms.Resize((224, 224), antialias=True)
    return resize(transforms.ToTensor()(picture)).expand(3, -1, -1)


def shrink_last_stage(model):
    """Scales the norms whose outputs are summed into the features."""
    for name, module in model.trunk_output.block4.named_modules():
        if name.endswith((".f.c.1", ".proj.1")):
            module.weight.data *= LAST_STAGE_GAIN
            module.bias.data *= LAST_STAGE_GAIN


def seeded_model(seed, pictures):
    """Random weights; running statistics are those of the pictures, so that
    activations keep their size through the network, but shaken."""
    torch.manual_seed(seed)
    model = torchvision.models.regnet_x_400mf(weights=None)
    norms = [m for m in model.modules()
             if isinstance(m, torch.nn.BatchNorm2d)]
    for norm in norms:
        norm.momentum = None
        torch.nn.init.uniform_(norm.weight, 0.5, 1.5)
        torch.nn.init.normal_(norm.bias, 0, 0.2)
    shrink_last_stage(model)
    with torch.no_grad():
        model.train()(pictures)
        for norm in norms:
            norm.running_mean += 0.2 * torch.randn_like(norm.running_mean) \
                * norm.running_var.sqrt()
            norm.running_var *= torch.empty_like(norm.running_var) \
                .uniform_(0.7, 1.4)
    return model.eval()


def layer_outputs(model, pictures):
    """Outputs under the names of src/features/regnet_layers.h: of each
    convolution with its batch norm and ReLU, of a block for its last."""
    outputs = {}

    def keep(name):
        return lambda _module, _args, out: outputs.update({name: out.clone()})

    model.stem.register_forward_hook(keep("stem"))
    for name, module in model.named_modules():
        if name.endswith((".f.a", ".f.b", ".proj")):
            module.register_forward_hook(keep(name))
        elif type(module).__name__ == "ResBottleneckBlock":
            module.register_forward_hook(keep(name + ".f.c"))
    model.fc = torch.nn.Identity()
    outputs["features"] = model(pictures)
    return outputs


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--resize-only", action="store_true")
    options = parser.parse_args()
    converter = load_converter()

    def write(name, tensors):
        converter.write_safetensors(
            os.path.join(options.folder, name),
            converter.state_to_arrays(tensors), {"seed": str(options.seed)})

    def at(name):
        return os.path.join(options.folder, name)

    rng = np.random.default_rng(options.seed)
    paths = write_pictures(at("pictures"), rng)
    resized = {path: prepare(Image.open(at("pictures/" + path)))
               for path in paths}
    write("resized.safetensors", resized)
    if options.resize_only:
        return
    batch = torch.stack(list(resized.values()))
    # Of real pictures more, or the statistics would be strange to them.
    more = [prepare(picture) for picture in grey_pictures(rng, 32)]
    model = seeded_model(options.seed, torch.cat([batch, torch.stack(more)]))
    torch.save(model.state_dict(), at("weights.pth"))
    subprocess.run([sys.executable, CONVERT, at("weights.pth"),
                    at("weights.safetensors")], check=True,
                   stdout=subprocess.DEVNULL)
    with torch.no_grad():
        outputs = layer_outputs(model, batch)
        normalize = transforms.Normalize((0.485, 0.456, 0.406),
                                         (0.229, 0.224, 0.225))
        traced = [paths.index(path) for path in TRACED]
        layers = {name: t[traced] for name, t in outputs.items()}
        layers["features"] = outputs["features"]
        layers["normalized"] = model(normalize(batch))
    write("reference.safetensors", {"input": batch[traced], **layers})


if __name__ == "__main__":
    main()
