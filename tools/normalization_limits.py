#!/usr/bin/env python3
"""Trains small real runs with batch norms, sick and healthy, by the program itself, and shows what the checks of normalisation go by.

The limits of normalization_stale, normalization_small_batch and normalization_wrong_axis (thalweg/diagnose) were chosen on seed 0;
tests/train/normalization_runs_test.cpp holds them to other data and seeds. Each run is a line of `plan()`: the finding that it must
bring as a fault, "-" for one that may bring a warning, "" for a healthy one.

    tools/normalization_limits.py --program build/release/bin/thalweg --seeds 0
"""
import argparse
import re
import statistics

from small_runs import train

CODES = ("normalization_wrong_axis", "normalization_small_batch", "normalization_stale")


def norm(more="", activation="relu"):
    return f'{{ type = "batch_norm", activation = "{activation}"{more} }}'


def dense(more="", dropout=False):
    drop = ', { type = "dropout", p = 0.3 }' if dropout else ""
    hidden = f'{{ type = "linear", units = 64 }}, {norm(more)}{drop}'
    return f'[{hidden}, {hidden}, {{ type = "linear", units = 10 }}]'


def conv(more=""):
    return (f'[{{ type = "conv", channels = 8, kernel = 3, padding = 1 }}, {norm(more)}, {{ type = "pool" }}, '
            f'{{ type = "conv", channels = 16, kernel = 3, padding = 1 }}, {norm(more)}, {{ type = "pool" }}, '
            f'{{ type = "linear", units = 10 }}]')  # fmt: skip


def recipe(layers, batch=64, rows=4000, epochs=3, optimizer="sgd", lr=0.05, model=""):
    return (f'threads = 1\n[data]\nformat = "idx"\npath = "fashion-mnist"\nvalidation = 0.1\nlimit = {rows}\n[batch]\nsize = {batch}\n'
            f'[model]\nlayers = {layers}\n{model}\n[optimizer]\nkind = "{optimizer}"\nlr = {lr}\n[stop]\nepochs = {epochs}\n'
            f'[watch]\ncadence = 10\ninstruments = ["step_norms", "normalization"]\n')  # fmt: skip


def plan():
    small, stale, axis = CODES[1], CODES[2], CODES[0]
    yield "dense_64", "", recipe(dense())
    yield "dense_32", "", recipe(dense(), batch=32)
    yield "dense_16", "", recipe(dense(), batch=16, rows=2000)
    yield "dense_512", "", recipe(dense(), batch=512, epochs=8)
    yield "dense_adam", "", recipe(dense(), optimizer="adam", lr=0.003)
    yield "dense_hot", "", recipe(dense(), lr=0.5)
    yield "dense_cold", "", recipe(dense(), lr=0.003)
    yield "dense_dropout", "", recipe(dense(dropout=True))
    yield "conv_64", "", recipe(conv(), rows=2000)
    yield "conv_16", "", recipe(conv(), batch=16, rows=1000)
    yield "conv_4", "", recipe(conv(), batch=4, rows=500)
    yield "dense_last_batch", "", recipe(dense(", momentum = 1.0"))
    yield "dense_8", "-", recipe(dense(), batch=8, rows=1000)
    yield "dense_4", "-", recipe(dense(), batch=4, rows=1000, lr=0.02)
    yield "dense_2", small, recipe(dense(), batch=2, rows=1000, lr=0.02)
    yield "dense_2_adam", small, recipe(dense(), batch=2, rows=1000, optimizer="adam", lr=0.001)
    yield "stale_dense", stale, recipe(dense(", momentum = 0.001"))
    yield "stale_conv", stale, recipe(conv(", momentum = 0.002"), rows=2000)
    yield "stale_adam", stale, recipe(dense(", momentum = 0.001"), optimizer="adam", lr=0.003)
    yield "precise_dense", "", recipe(dense(", momentum = 0.001"), model='statistics = "precise"')
    yield "rows_axis", "-", recipe(dense(", axis = 0"))
    yield "height_axis", "-", recipe(conv(", axis = 2"), rows=2000)


def by_layer(readings):
    series = {}
    for r in readings:
        series.setdefault((r.quantity, r.scope), []).append((r.value, r.error or 0.0))
    return series


def worst(series, name, less_error=False):
    levels = []
    for (quantity, scope), points in series.items():
        if quantity == name and scope and len(points) >= 3:
            last = [p for p in points[-8:] if p[0] is not None]
            levels.append(statistics.median(v for v, _ in last) - (statistics.median(e for _, e in last) if less_error else 0.0))
    return max(levels, default=float("nan"))


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--program", required=True, help="the built thalweg")
    arguments.add_argument("--seeds", default="0", help="seeds, comma separated")
    arguments.add_argument("--only", default="", help="regular expression that a run's name must contain")
    options = arguments.parse_args()
    print(f"  {'run':<18} {'wants':<26} {'noise':>6} {'gap-':>6} {'spread':>7}  {'evaluation gap / floor':<24} loss, found")
    wrong = 0
    for name, wanted, text in plan():
        if not re.search(options.only, name):
            continue
        for seed in options.seeds.split(","):
            result, readings = train(options.program, text, seed)
            series = by_layer(readings)
            found = [(f["code"], f["severity"]) for f in result["findings"] if f["code"] in CODES]
            faults = [code for code, severity in found if severity == "fault"]
            good = faults[:1] == [wanted] if wanted in CODES else not faults if wanted else not found
            wrong += not good
            floor = min(series[("initial_loss", "")][0][0], series[("constant_loss", "")][0][0])
            gaps = " ".join(f"{v / floor:+.3f}±{e / floor:.3f}" for v, e in series.get(("evaluation_gap", ""), [])[-2:])
            noise, gap, spread = worst(series, "statistics_noise"), worst(series, "statistics_gap", True), worst(series, "feature_spread")
            print(f"{' ' if good else '!'} {name:<18} {wanted or 'healthy':<26} {noise:6.3f} {gap:6.3f} {spread:7.3f}  {gaps:<24} "
                  f"{result['loss']['train']:.3g}  {found}", flush=True)  # fmt: skip
    print(f"{wrong} told wrongly")


if __name__ == "__main__":
    main()
