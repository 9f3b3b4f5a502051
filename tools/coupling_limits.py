#!/usr/bin/env python3
"""Trains small real runs and shows how much of what each layer's update would gain alone the layers take from each other.

The limit of layer_coupling (thalweg/diagnose/layer_coupling.h) was chosen on these runs, seed 0. Each run is a line of `plan()`: its name,
layers of a dense network, and the optimizer.

    tools/coupling_limits.py --program build/release/bin/thalweg --seeds 0
"""
import argparse
import re
import statistics

from small_runs import train


def dense(depth, units=64, activation="relu", norm=False):
    one = f'{{ type = "linear", units = {units}, activation = "{activation}" }}'
    if norm:
        one = f'{{ type = "linear", units = {units} }}, {{ type = "batch_norm", activation = "{activation}" }}'
    return f'[{", ".join([one] * depth)}, {{ type = "linear", units = 10 }}]'


def recipe(layers, optimizer="sgd", lr=0.1, init="default"):
    return (f'threads = 1\n[data]\nformat = "idx"\npath = "fashion-mnist"\nvalidation = 0.1\nlimit = 10000\n[model]\nlayers = {layers}\n'
            f'[model.init]\nkind = "{init}"\n[optimizer]\nkind = "{optimizer}"\nlr = {lr}\n[stop]\nsteps = 240\n'
            f'[watch]\ncadence = 8\ninstruments = ["step_norms", "overshoot", "coupling"]\n')  # fmt: skip


def plan():
    yield "mlp1_sgd", recipe(dense(1))
    yield "mlp2_sgd", recipe(dense(2))
    yield "mlp2_adam", recipe(dense(2), "adam", 1e-3)
    yield "mlp2_he_adam", recipe(dense(2), "adam", 1e-3, "he_normal")
    yield "mlp4_adam", recipe(dense(4), "adam", 1e-3)
    yield "mlp4_tanh_sgd", recipe(dense(4, activation="tanh"), lr=0.1, init="glorot_normal")
    yield "mlp6_norm_sgd", recipe(dense(6, norm=True))
    yield "mlp6_norm_adam", recipe(dense(6, norm=True), "adam", 1e-3)
    yield "mlp6_he_sgd_001", recipe(dense(6), lr=0.01, init="he_normal")
    yield "mlp6_he_adam_1e-3", recipe(dense(6), "adam", 1e-3, "he_normal")
    yield "mlp6_he_sgd_01", recipe(dense(6), lr=0.1, init="he_normal")
    yield "mlp6_he_sgd_02", recipe(dense(6), lr=0.2, init="he_normal")
    yield "mlp10_he_sgd_01", recipe(dense(10), lr=0.1, init="he_normal")
    yield "mlp10_he_adam_1e-2", recipe(dense(10), "adam", 1e-2, "he_normal")


def looks(readings):
    steps = {}
    for r in readings:
        if r.scope == "" and r.quantity in ("change_alone", "change_interaction", "coupling_share"):
            steps.setdefault(r.step, {})[r.quantity] = r.value
    return [s for s in steps.values() if len(s) == 3 and None not in s.values()]


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--program", required=True, help="the built thalweg")
    arguments.add_argument("--seeds", default="0", help="seeds, comma separated")
    arguments.add_argument("--only", default="", help="regular expression that a run's name must contain")
    options = arguments.parse_args()
    print(f"{'run':<20} {'looks':>5} {'taken, median':>13} {'half or more':>12} {'all or more':>11} {'share':>6}  loss, found")
    for name, text in plan():
        if not re.search(options.only, name):
            continue
        for seed in options.seeds.split(","):
            result, readings = train(options.program, text, seed)
            seen = looks(readings)
            taken = [s["change_interaction"] / -s["change_alone"] for s in seen if s["change_alone"] < 0]
            found = [(f["code"], f["severity"]) for f in result["findings"]]
            half, whole = (sum(t >= limit for t in taken) / max(1, len(seen)) for limit in (0.5, 1.0))
            share = statistics.median(s["coupling_share"] for s in seen) if seen else float("nan")
            print(f"{name:<20} {len(seen):5} {statistics.median(taken) if taken else float('nan'):13.2f} {half:12.2f} {whole:11.2f} "
                  f"{share:6.2f}  {result['loss']['train']:.3g}  {found}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
