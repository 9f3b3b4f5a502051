#!/usr/bin/env python3
"""The first rate that `thalweg check` finds by forwards, against what rates around it do: constant rates, 200 steps.

    ./dev bench initial_rate

For each recipe: the bracket of the critical rate, the rate that check recommends and the last training loss with it, and those with
1/64 to 4 times the lower end of the bracket (- where it is not finite). Rates are constant. The share of the critical rate that is recommended
(InitialRateOptions::share) was chosen by this table.
"""
import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

FACTORS = (1 / 64, 1 / 16, 1 / 4, 1, 4)
MORE = {
    "sgd_relu": ("sgd", 0.1, "", "relu", "default"),
    "momentum_relu": ("sgd", 0.02, "momentum = 0.9", "relu", "default"),
    "sgd_tanh": ("sgd", 0.1, "", "tanh", "glorot_normal"),
    "adam_tanh": ("adam", 1e-3, "", "tanh", "glorot_normal"),
    "rmsprop_relu": ("rmsprop", 1e-3, "", "relu", "he_normal"),
}


def text_of(kind, rate, more, activation, init):
    return f'''threads = 1
[data]
format = "idx"
path = "fashion-mnist"
validation = 0.0
[model]
layers = [{{type="linear", units=128, activation="{activation}"}}, {{type="linear", units=128, activation="{activation}"}}, {{type="linear", units=10}}]
init = {{ kind = "{init}" }}
[optimizer]
kind = "{kind}"
lr = {rate}
{more}
[stop]
steps = 1
'''


def call(program, *words):
    done = subprocess.run([program, *words, "--json", "--quiet"], capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        sys.exit(done.stderr)
    return json.loads(done.stdout)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--program", default="thalweg", help="the built thalweg (default: the one on the path)")
    arguments.add_argument("--recipes", default="examples/fashion_mlp.toml,examples/rows_lstm.toml", help="comma separated")
    arguments.add_argument("--limit", type=int, default=4000, help="rows of data")
    arguments.add_argument("--steps", type=int, default=200)
    options = arguments.parse_args()
    shares = " ".join(f"{f'x{factor:.2g}':>9}" for factor in FACTORS)
    print(f"{'recipe':<16} {'critical':>17} {'recommended':>11} {'its loss':>8}  last loss at the critical rate {shares}")
    with tempfile.TemporaryDirectory() as folder:
        recipes = [path for path in options.recipes.split(",") if path]
        for name, what in MORE.items():
            path = Path(folder) / f"{name}.toml"
            path.write_text(text_of(*what))
            recipes.append(str(path))
        for recipe in recipes:
            name = Path(recipe).stem
            common = ["--set", "threads=1", "--set", f"data.limit={options.limit}"]
            found = call(options.program, "check", recipe, *common)
            rate = found["initial_rate"]
            if rate["recommended"] is None:
                print(f"{name:<16} cannot tell: {rate['reason']}")
                continue
            losses = []
            for k, lr in enumerate([rate["recommended"], *(rate["low"] * factor for factor in FACTORS)]):
                changes = [f"optimizer.lr={lr!r}", 'schedule.kind="constant"', "schedule.warmup=0",
                           f"stop.steps={options.steps}", f"stop.evaluate_every={options.steps}", 'watch.instruments=["none"]']
                result = call(options.program, "train", recipe, "--out", f"{folder}/{name}-{k}", *common,
                              *[word for change in changes for word in ("--set", change)])
                losses.append(result["loss"]["train"])
            shown = " ".join(f"{'-' if loss is None else format(loss, '.3g'):>9}" for loss in losses[1:])
            own = "-" if losses[0] is None else format(losses[0], ".3g")
            print(f"{name:<16} {rate['low']:>8.2g} {rate['high']:>8.2g} {rate['recommended']:>11.2g} {own:>8}  {'':<30} {shown}", flush=True)


if __name__ == "__main__":
    main()
