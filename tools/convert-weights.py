#!/usr/bin/env python3
"""Convert a PyTorch state dict (.pth) to safetensors.

    tools/convert-weights.py regnet_x_400mf-adf1edd5.pth weights.safetensors

Needs torch, but neither the safetensors package nor a network. Every
floating-point tensor is written as F32 under its own name; counters of
training (num_batches_tracked) are left out. The file is loaded with
weights_only, which runs no code from it.
"""
import argparse
import hashlib
import json
import os
import struct
import sys


def write_safetensors(path, tensors, metadata=None):
    """tensors: a dict of numpy float32 arrays, written in its order."""
    header = {"__metadata__": metadata} if metadata else {}
    offset = 0
    for name, array in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(array.shape),
                        "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    temporary = path + ".part"
    with open(temporary, "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        for array in tensors.values():
            out.write(array.astype("<f4").tobytes())
    os.replace(temporary, path)


def state_to_arrays(state):
    """The floating-point tensors of a state dict, as numpy float32."""
    return {name: tensor.detach().float().contiguous().numpy()
            for name, tensor in state.items() if tensor.is_floating_point()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", help="state dict saved by torch.save")
    parser.add_argument("target", help=".safetensors file to write")
    options = parser.parse_args()
    import torch
    state = torch.load(options.source, map_location="cpu", weights_only=True)
    if not isinstance(state, dict) or not all(
            isinstance(t, torch.Tensor) for t in state.values()):
        sys.exit(f"{options.source}: not a plain state dict of tensors")
    with open(options.source, "rb") as source:
        digest = hashlib.sha256(source.read()).hexdigest()
    arrays = state_to_arrays(state)
    write_safetensors(options.target, arrays,
                      {"source": os.path.basename(options.source),
                       "sha256": digest})
    print(f"{options.target}: {len(arrays)} tensors, "
          f"{sum(a.size for a in arrays.values()):,} values")


if __name__ == "__main__":
    main()
