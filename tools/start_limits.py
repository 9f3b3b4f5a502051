#!/usr/bin/env python3
"""Starts of all kinds, by the program itself: what `thalweg check` reads of each, and whether 400 steps train it.

The limits of bad_initialization (thalweg/diagnose/bad_initialization.h) were chosen on seed 0 of the starts `set`;
`held` has other data, widths and depths, and other seeds where --seeds says so. Each line: the first loss over the best constant's, the forward ratio
(spread of the outputs between rows, last hidden layer over the largest before), the backward ratio (smallest over largest
pull of a layer), smallest and largest spectral scale, the loss after the steps over the lower of first and constant loss;
and the findings.

    tools/start_limits.py --program build/release/bin/thalweg --which set
    tools/start_limits.py --program build/release/bin/thalweg --which held --seeds 5
"""
import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

FASHION = 'format = "idx"\npath = "fashion-mnist"\nvalidation = 0.0\nlimit = 2000'
SGD, ADAM = ("sgd", 0.05), ("adam", 1e-3)


def init(kind, **keys):
    return ", ".join([f'kind = "{kind}"', *(f"{key} = {json.dumps(value)}" for key, value in keys.items())])


INITS = {
    "default": init("default"),
    "orthogonal": init("orthogonal", bias="zeros"),
    "lsuv": init("lsuv", bias="zeros"),
    "glorot": init("glorot_normal", bias="zeros"),
    "he": init("he_normal", bias="zeros"),
    "unit": init("normal", std=1.0),
    "hundredth": init("normal", std=0.01, bias="zeros"),
    "tiny": init("normal", std=1e-4, bias="zeros"),
}


def mlp(depth, width, activation, end=""):
    hidden = f'{{type="linear", units={width}, activation="{activation}"}}'
    return f'layers = [{", ".join([hidden] * depth)}, {{type="linear", units="classes"{end}}}]'


def deep(layer, depth, first="", last='{type="linear", units="classes"}'):
    return f'layers = [{", ".join(([first] if first else []) + [layer] * depth + [last])}]'


def recipe(data, model, start, optimizer, steps=400, more=""):
    kind, lr = optimizer
    return (f'threads = 1\n[data]\n{data}\n[batch]\nsize = 64\n[model]\n{model}\ninit = {{ {start} }}\n'
            f'[optimizer]\nkind = "{kind}"\nlr = {lr}\n[stop]\nsteps = {steps}\nevaluate_every = {steps}\n{more}')


def starts_set():
    for activation, depths in (("tanh", (2, 10, 30)), ("relu", (2, 10, 20))):
        for depth in depths:
            for name, start in INITS.items():
                for optimizer in (SGD, ADAM):
                    yield f"{activation}_{depth}_{name}_{optimizer[0]}", recipe(FASHION, mlp(depth, 64, activation), start, optimizer)
    conv = '{type="conv", channels=16, kernel=3, padding=1, activation="relu"}'
    block = f'{{type="residual", layers=[{conv}, {{type="conv", channels=16, kernel=3, padding=1}}]}}'
    normed = '{type="linear", units=64}, {type="batch_norm", activation="relu"}'
    for name in ("default", "he", "lsuv", "unit", "tiny"):
        yield f"conv_6_{name}_adam", recipe(FASHION, deep(f"{conv}", 6, last='{type="pool", kind="average", kernel=4}, {type="linear", units="classes"}'), INITS[name], ADAM, 100)
        yield f"residual_4_{name}_adam", recipe(FASHION, deep(block, 4, first='{type="pool", kind="average", kernel=4}, ' + conv), INITS[name], ADAM, 200)
        yield f"batch_norm_10_{name}_sgd", recipe(FASHION, deep(normed, 10), INITS[name], SGD)
        yield f"lstm_{name}_adam", recipe(FASHION, 'layers = [{type="lstm", units=32}, {type="linear", units="classes"}]', INITS[name], ADAM, 200)


def starts_held():
    moons = 'format = "synthetic"\nkind = "spirals"\nsamples = 2000\nnoise = 0.02\nvalidation = 0.0\ntest = 0.0'
    blobs = 'format = "synthetic"\nkind = "blobs"\nsamples = 2000\nfeatures = 20\nclasses = 5\nnoise = 1.0\nvalidation = 0.0\ntest = 0.0'
    table = 'format = "synthetic"\nkind = "regression"\nsamples = 2000\nfeatures = 12\nnoise = 0.3\ntarget_scaling = "standardize"\nvalidation = 0.0\ntest = 0.0'
    for data_name, data in (("blobs", blobs), ("fashion", FASHION)):
        for activation, depths in (("tanh", (1, 5, 16, 40)), ("relu", (1, 6, 15)), ("gelu", (3,)), ("sigmoid", (1,)), ("selu", (12,))):
            for depth in depths:
                for name, start in INITS.items():
                    yield f"{data_name}_{activation}_{depth}_{name}_adam", recipe(data, mlp(depth, 96, activation), start, ADAM)
    mse = '[loss]\nkind = "mse"\n'
    for name in ("default", "orthogonal", "unit", "tiny"):
        yield f"table_{name}_adam", recipe(table, mlp(2, 48, "relu").replace('"classes"', "1"), INITS[name], ADAM, more=mse)
        yield f"spirals_{name}_adam", recipe(moons, mlp(3, 48, "relu"), INITS[name], ("adam", 3e-3), 800)


def measure(program, text, seed):
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "r.toml").write_text(f"seed = {seed}\n" + text)
        def call(*words):
            done = subprocess.run([program, *words, "--json", "--quiet"], capture_output=True, text=True, check=False)
            if done.returncode not in (0, 1):
                sys.exit(done.stderr)
            return json.loads(done.stdout)
        before = call("check", f"{folder}/r.toml")
        after = call("train", f"{folder}/r.toml", "--out", f"{folder}/run")
    return before, after


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--program", required=True, help="the built thalweg")
    arguments.add_argument("--which", choices=("set", "held"), default="set")
    arguments.add_argument("--seeds", default="0", help="seeds, comma separated")
    arguments.add_argument("--only", default="", help="regular expression that a start's name must contain")
    arguments.add_argument("--learnt", type=float, default=0.5, help="trains: loss below this, of the floor")
    options = arguments.parse_args()
    right = {"fails, named": 0, "fails, not named": 0, "trains, accused": 0, "trains, not accused": 0, "trains, warned": 0}
    for name, text in starts_set() if options.which == "set" else starts_held():
        if not re.search(options.only, name):
            continue
        for seed in options.seeds.split(","):
            before, after = measure(options.program, text, seed)
            start = before["start"]
            scales = [l["weight_spectral_scale"] for l in start["layers"] if l["weight_spectral_scale"] is not None] or [0.0]
            first, constant = before["initial_loss"], before["constant_loss"]
            lower = min(first if first is not None else constant, constant)
            end = after["loss"]["train"]
            reached = end / lower if end is not None else float("inf")
            found = [(f["code"], f["severity"]) for f in before["findings"] if f["code"].endswith("_initialization")]
            later = [(f["code"], f["severity"]) for f in after["findings"]]
            trains = reached < options.learnt
            fault = any(s == "fault" for _, s in found)
            key = ("trains, accused" if fault else "trains, warned" if found else "trains, not accused") if trains else ("fails, named" if found else "fails, not named")
            right[key] += 1
            shown = lambda v: "-" if v is None else f"{v:.2g}"
            print(f"{'+' if trains else '-'} {name}-{seed} loss {shown(first and first / constant)} forward {shown(start['forward_ratio'])} "
                  f"backward {shown(start['backward_ratio'])} scale {min(scales):.2g}..{max(scales):.2g} reached {reached:.2g} {found} then {later}", flush=True)
    print("; ".join(f"{key}: {count}" for key, count in right.items()))


if __name__ == "__main__":
    main()
