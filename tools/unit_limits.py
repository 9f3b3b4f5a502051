#!/usr/bin/env python3
"""What shares of dead and saturated units healthy and sick runs have: the experiment behind the limits of dead_units
and saturated_units.

    tools/unit_limits.py [--program build/release/bin/thalweg] [--seeds 2] [--only adam]

Trains small networks on Fashion-MNIST (4,000 rows, 200 steps) with every unit counted over windows of 1,024 rows, and
prints, for each run, the highest share of any layer in its last two windows (the lower of the two), beside what the
loss has come to over that of the best constant. The tests' runs use other data, networks and seeds.
"""
import argparse
import math
import pathlib
import sqlite3
import subprocess
import tempfile

HEAD = """
seed = {seed}
threads = 1
[data]
format = "idx"
path = "fashion-mnist"
limit = 4000
validation = 0.1
test = 0.05
[watch]
instruments = ["units"]
cadence = 2
[stop]
steps = {steps}
evaluate_every = 1000
"""


def mlp(activation, depth=2, extra="", units=128, normalised=False):
    norm = f'{{type = "batch_norm", activation = "{activation}"}}, ' if normalised else ""
    own = "none" if normalised else activation
    hidden = f'{{type = "linear", units = {units}, activation = "{own}"{extra}}}, {norm}' * depth
    return f'[model]\nlayers = [{hidden}{{type = "linear", units = 10}}]\n'


CNN = ('[model]\nlayers = [{type="conv", channels=8, kernel=3, activation="relu"}, {type="pool"}, '
       '{type="conv", channels=16, kernel=3, activation="relu"}, {type="pool"}, '
       '{type="linear", units=64, activation="relu"}, {type="linear", units=10}]\n')


def sgd(lr, kind="sgd"):
    return f'[optimizer]\nkind = "{kind}"\nlr = {lr}\n'


RUNS = [
    # name, sick, recipe
    ("relu, adam", "", mlp("relu") + sgd(1e-3, "adam")),
    ("relu, adam at 1e-2", "", mlp("relu") + sgd(1e-2, "adam")),
    ("relu, 5 layers, sgd", "", mlp("relu", 5) + sgd(0.1)),
    ("relu, 512 wide, sgd", "", mlp("relu", 2, units=512) + sgd(0.1)),
    ("relu, batch norm", "", mlp("relu", 3, normalised=True) + sgd(0.1)),
    ("cnn, adam", "", CNN + sgd(3e-3, "adam")),
    ("tanh, sgd", "", mlp("tanh") + sgd(0.1)),
    ("tanh, 5 layers, adam", "", mlp("tanh", 5) + sgd(3e-3, "adam")),
    ("sigmoid, adam", "", mlp("sigmoid") + sgd(3e-3, "adam")),
    ("gelu, adam", "", mlp("gelu", 3) + sgd(3e-3, "adam")),
    ("elu, sgd", "", mlp("elu", 3) + sgd(0.05)),
    ("relu, biases -50", "dead", mlp("relu", 2, ', init = {bias = "constant", value = -50.0}') + sgd(0.1)),
    ("relu, biases -10", "dead", mlp("relu", 3, ', init = {bias = "constant", value = -10.0}') + sgd(0.1)),
    ("tanh, weights 5", "saturated", mlp("tanh", 3, ', init = {kind = "normal", std = 5.0}') + sgd(0.01)),
    ("sigmoid, weights 20", "saturated", mlp("sigmoid", 2, ', init = {kind = "normal", std = 20.0}') + sgd(0.01)),
    ("tanh, adam at 1", "saturated", mlp("tanh", 2) + sgd(1.0, "adam")),
] + [
    # Doses, of which it is not said beforehand whether they do harm.
    (f"relu, biases {b:g}", "dose", mlp("relu", 2, f', init = {{bias = "constant", value = {b:.1f}}}') + sgd(0.1))
    for b in (-0.5, -1, -2, -4)
] + [
    (f"relu, adam at {r:g}", "dose", mlp("relu", 3) + sgd(r, "adam")) for r in (0.03, 0.1, 0.3)
] + [
    (f"tanh, weights {w:g}", "dose", mlp("tanh", 2, f', init = {{kind = "normal", std = {w}}}') + sgd(0.05))
    for w in (0.2, 0.4, 0.8, 1.6)
] + [
    (f"tanh, adam at {r:g}", "dose", mlp("tanh", 2) + sgd(r, "adam")) for r in (0.01, 0.03, 0.1, 0.3)
]


def shares(store, quantity):
    """Highest over layers of the lower of the last two windows, and that layer; (0, "") where none was read."""
    rows = store.execute("SELECT scope, value FROM readings WHERE quantity = ? ORDER BY scope, step", (quantity,))
    series = {}
    for scope, value in rows:
        series.setdefault(scope, []).append(value)
    lasting = [(min(values[-2:]), scope) for scope, values in series.items()]
    return max(lasting, default=(0.0, ""))


def level(store):
    """Median of the last quarter of the losses over the best constant's."""
    losses = [row[0] for row in store.execute("SELECT value FROM readings WHERE quantity = 'loss' ORDER BY step")]
    last = sorted(v if v is not None and math.isfinite(v) else math.inf for v in losses[-len(losses) // 4:])
    return last[len(last) // 2] / math.log(10.0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="build/release/bin/thalweg")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--only", default="", help="runs whose name or kind holds this")
    arguments = parser.parse_args()
    print(f"{'run':<24}{'sick':<11}{'seed':>4}{'dead':>8}{'dormant':>9}{'saturated':>11}{'loss':>7}")
    with tempfile.TemporaryDirectory() as folder:
        for name, sick, recipe in RUNS:
            if arguments.only not in name + " " + sick:
                continue
            for seed in range(1, arguments.seeds + 1):
                file, run = pathlib.Path(folder, "r.toml"), pathlib.Path(folder, f"{name}-{seed}".replace(" ", "-"))
                file.write_text(HEAD.format(seed=seed, steps=arguments.steps) + recipe)
                subprocess.run([arguments.program, "train", str(file), "--out", str(run), "--quiet"],
                               capture_output=True, check=False)
                store = sqlite3.connect(run / "run.sqlite")
                dead, dormant, flat = (shares(store, q)[0] for q in ("dead_units", "dormant_units", "saturated_units"))
                print(f"{name:<24}{sick:<11}{seed:>4}{dead:>8.3f}{dormant:>9.3f}{flat:>11.3f}{level(store):>7.2f}",
                      flush=True)


if __name__ == "__main__":
    main()
