#!/usr/bin/env python3
"""Whether two networks from different seeds lie in one valley: docs/connect.md.

    ./dev bench connect                 trains two pairs on Fashion-MNIST and joins each (minutes on one core)
    ./dev bench connect --optimizer sgd --epochs 10 --decays 5e-4,2e-3,5e-3 --rows 60000
    ./dev bench connect --keep DIR      runs are left in DIR, and taken from there the next time

Three hidden layers of 512 ReLU units, with and without batch norm, each from two seeds; then `thalweg connect` on each
pair. The table is what docs/connect.md shows.
"""
import argparse
import itertools
import json
import os
import pathlib
import subprocess
import sys
import tempfile

LAYER = '{ type = "linear", units = 512, activation = "relu" }'
NORMED = '{ type = "linear", units = 512 }, { type = "batch_norm", activation = "relu" }'
RECIPE = """
name = "{name}"
seed = {seed}
threads = 1
[data]
format = "idx"
path = "fashion-mnist"
validation = 0.0
[batch]
size = 512
[model]
layers = [{{ type = "flatten" }}, {layers}, {{ type = "linear", units = "classes" }}]
[optimizer]
{optimizer}
[schedule]
kind = "cosine"
[stop]
epochs = {epochs}
[watch]
instruments = ["none"]
[act]
mode = "off"
"""
OPTIMIZERS = {"adam": 'kind = "adam"\nlr = 1e-3', "sgd": 'kind = "sgd"\nlr = 0.1\nmomentum = 0.9'}
PAIRS = {"relu": LAYER, "batch norm": NORMED}
COLUMNS = ("pair", "decay", "bits", "function changed by", "path", "training loss", "barrier", "held-out barrier", "training points lost", "held-out points lost")


def thalweg(*arguments):
    result = subprocess.run(["thalweg", *map(str, arguments)], capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"connect: {result.stderr.strip().splitlines()[-1]}")
    return result.stdout


def train(folder, pair, seed, decay, arguments):
    out = folder / f"{pair.replace(' ', '-')}-{arguments.optimizer}-{decay}-{seed}"
    if (out / "done").exists():
        return out
    recipe = folder / f"{out.name}.toml"
    recipe.write_text(RECIPE.format(name=out.name, seed=seed, layers=", ".join([PAIRS[pair]] * 3),
                                    optimizer=f"{OPTIMIZERS[arguments.optimizer]}\nweight_decay = {decay}",
                                    epochs=arguments.epochs))
    thalweg("train", recipe, "--quiet", "--out", out)
    (out / "done").touch()
    return out


def interval(barrier):
    return f"{barrier['value']:.4f} [{barrier['low']:.4f}, {barrier['high']:.4f}]"


def points(lost):
    return f"{100 * lost['value']:.1f} [{100 * lost['low']:.1f}, {100 * lost['high']:.1f}]"


def rows_of(pair, decay, found):
    for path in found["paths"]:
        training, heldout = path["parts"][0], path["parts"][-1]
        highest = max(training["loss"])
        yield [pair, decay, f"{found['symmetry']['bits']:.0f}", f"{found['function_change']:.1e}", path["name"],
               f"{training['loss'][0]:.3f} → {highest:.3f} → {training['loss'][-1]:.3f}", interval(training["barrier"]),
               interval(heldout["barrier"]), points(training["metric_barrier"]), points(heldout["metric_barrier"])]


def table(rows):
    widths = [max(len(str(r[i])) for r in [COLUMNS, *rows]) for i in range(len(COLUMNS))]
    for r in [COLUMNS, ["-" * w for w in widths], *rows]:
        print("| " + " | ".join(str(c).ljust(w) for c, w in zip(r, widths)) + " |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", type=pathlib.Path, help="folder for the runs")
    parser.add_argument("--optimizer", choices=OPTIMIZERS, default="adam")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--decays", default="0", help="weight decays, each with pairs of its own: 5e-4,2e-3")
    parser.add_argument("--seeds", default="0,1", help="of the two networks of a pair")
    parser.add_argument("--only", choices=PAIRS, help="one pair instead of both")
    parser.add_argument("--points", type=int, default=11)
    parser.add_argument("--rows", type=int, default=10000, help="of the training and of the held-out part")
    arguments = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    rows, verdicts = [], []
    with tempfile.TemporaryDirectory() as scratch:
        folder = (arguments.keep or pathlib.Path(scratch)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        for pair, decay in itertools.product([arguments.only] if arguments.only else PAIRS, arguments.decays.split(",")):
            a, b = (train(folder, pair, seed, decay, arguments) for seed in arguments.seeds.split(","))
            found = json.loads(thalweg("connect", a, b, "--json", "--points", arguments.points, "--rows", arguments.rows,
                                       "--out", folder))
            rows += rows_of(pair, decay, found)
            verdicts.append(f"{pair}, decay {decay}: {found['verdict']}: " + "; ".join(found["reasons"]))
    table(rows)
    print("\n" + "\n".join(verdicts))


if __name__ == "__main__":
    main()
