"""Writes arrays as numpy and safetensors write them, each with its values as plain little-endian doubles beside.

Usage: make_arrays.py FOLDER
"""

import pathlib
import sys

import numpy as np
import safetensors.numpy
import safetensors.torch
import torch

folder = pathlib.Path(sys.argv[1])
rng = np.random.default_rng(7)


def expect(name, values):
    np.asarray(values, dtype="<f8").ravel(order="C").tofile(folder / f"{name}.expected")


def sample(dtype, shape):
    kind = np.dtype(dtype).kind
    if kind == "b":
        return rng.integers(0, 2, shape).astype(dtype)
    if kind == "f":
        return rng.normal(size=shape).astype(dtype)
    info = np.iinfo(dtype)
    edge = 2**53  # doubles hold whole numbers to there
    return rng.integers(max(info.min, -edge), min(info.max, edge), shape, dtype=dtype, endpoint=True)


npz = {}
for code in ["b1", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8"]:
    array = sample(code, (5, 3, 2))
    for order in "<>":
        np.save(folder / f"{code}{'l' if order == '<' else 'b'}.npy", array.astype(np.dtype(code).newbyteorder(order)))
    np.save(folder / f"{code}f.npy", np.asfortranarray(array))
    expect(code, array)
    npz[code] = array
np.savez(folder / "stored.npz", **npz)
np.savez_compressed(folder / "deflated.npz", **npz)

vector = sample("f4", (6,))
for version in [(1, 0), (2, 0), (3, 0)]:
    with open(folder / f"version{version[0]}.npy", "wb") as file:
        np.lib.format.write_array(file, vector, version=version)
expect("version", vector)

np.save(folder / "object.npy", np.array([{"a": 1}, None], dtype=object), allow_pickle=True)
np.save(folder / "structured.npy", np.zeros(3, dtype=[("a", "f4"), ("b", "i4")]))
np.save(folder / "complex.npy", np.zeros(3, dtype="c8"))
np.save(folder / "text.npy", np.array(["a", "b"]))
np.save(folder / "scalar.npy", np.float32(1.0))

tensors = {}
for name, dtype in safetensors.torch._TYPES.items():
    real = torch.from_numpy(rng.integers(-2, 3, (2, 3)).astype("f4"))
    if name == "BOOL" or name.startswith("U"):
        real = real.abs()
    tensors[name] = real.to(dtype)
    if name != "C64":
        expect(f"safe_{name}", tensors[name].to(torch.float64).numpy())
tensors["empty"] = torch.zeros(0, 4)
tensors["single"] = torch.tensor(2.5)
safetensors.torch.save_file(tensors, folder / "all.safetensors", metadata={"made by": "torch", "ü": "ä\n\"x\""})
