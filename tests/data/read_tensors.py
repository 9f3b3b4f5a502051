"""Reads a safetensors file as others do and checks it against doubles written beside. Usage: read_tensors.py FILE"""

import pathlib
import sys

import numpy as np
import safetensors
import torch

file = pathlib.Path(sys.argv[1])
with safetensors.safe_open(file, framework="pt") as opened:
    assert opened.metadata() == {"kept": "as it is"}, opened.metadata()
    names = sorted(opened.keys())
    assert names == sorted(path.name[: -len(".doubles")] for path in file.parent.glob("*.doubles")), names
    for name in names:
        expected = np.fromfile(file.parent / f"{name}.doubles", dtype="<f8")
        values = opened.get_tensor(name).to(torch.float64).flatten().numpy()
        assert np.array_equal(values, expected), (name, values, expected)
