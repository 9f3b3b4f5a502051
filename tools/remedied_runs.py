#!/usr/bin/env python3
"""Runs that a check may accuse, each trained again with what the check would have changed: does that help?

A run is sick where it ends at half of the floor or above and one of its remedies ends lower by a tenth of the floor or more (the floor:
the lower of the first loss and the best constant's; the end: the mean loss of the last quarter of the steps). It is
healthy where no remedy gains half as much, or where the run learns; the rest is between. For batch_too_small a tenth of the floor counts
as not learnt, as in thalweg/diagnose/standing.h. No limit was set on these runs: other data, networks and seeds than those of the other tools.

    tools/remedied_runs.py --program build/release/bin/thalweg --code layer_coupling --seeds 31
"""
import argparse
import math
import re
import statistics

from small_runs import train

FASHION = 'format = "idx"\npath = "fashion-mnist"\nvalidation = 0.0\nlimit = 6000'
MSE = '[loss]\nkind = "mse"\n'
LEARNT = {"batch_too_small": 0.1}  # else 0.5


def synthetic(kind, features, noise, samples=8000, more=""):
    return (f'format = "synthetic"\nkind = "{kind}"\nsamples = {samples}\nfeatures = {features}\nnoise = {noise}\n'
            f'validation = 0.0\ntest = 0.0\n{more}')


def table(features, noise):
    return synthetic("regression", features, noise, more='target_scaling = "standardize"')


def blobs(features, noise, classes=6):
    return synthetic("blobs", features, noise, more=f"classes = {classes}")


def dense(depth, units, activation="relu", norm="", init="", last='"classes"'):
    own = "none" if norm else activation
    between = f', {{ type = "batch_norm", activation = "{activation}"{norm} }}' if norm else ""
    hidden = f'{{ type = "linear", units = {units}, activation = "{own}"{init} }}{between}, ' * depth
    return f'layers = [{hidden}{{ type = "linear", units = {last} }}]\n'


def recipe(data, model, lr, batch=64, steps=300, kind="sgd", more="", watch="", keys="", accumulate=1):
    return (f'threads = 1\n[data]\n{data}\n[batch]\nsize = {batch}\naccumulate = {accumulate}\n[model]\n{model}'
            f'[optimizer]\nkind = "{kind}"\nlr = {lr}\n{keys}[stop]\nsteps = {steps}\nevaluate_every = {steps}\n{more}{watch}')


def watch(names, cadence=8):
    return f'[watch]\ncadence = {cadence}\ninstruments = ["step_norms", {names}]\n'


def batch_too_small():
    """The same with eight times the rows a step."""
    def case(name, data, model, lr, batch, steps=2000, **more):
        more.setdefault("watch", watch('"noise_pairs", "standpoint"', 10))
        return name, recipe(data, model, lr, batch, steps, **more), [recipe(data, model, lr, batch, steps, accumulate=8, **more)]
    tanh = dense(2, 48, "tanh")
    conv = 'layers = [{ type = "conv", channels = 4, kernel = 5, stride = 2, activation = "relu" }, { type = "linear", units = "classes" }]\n'
    for batch, lr in ((2, 0.02), (4, 0.2), (8, 0.4), (4, 0.01), (32, 0.1), (64, 0.05)):
        yield case(f"fashion_tanh_{batch}_{lr}", FASHION, tanh, lr, batch)
    for batch, lr in ((2, 0.05), (4, 0.1), (32, 0.1)):
        yield case(f"fashion_conv_{batch}_{lr}", FASHION, conv, lr, batch)
    yield case("fashion_adam_2_0.01", FASHION, tanh, 0.01, 2, kind="adam")
    yield case("fashion_adam_32_0.001", FASHION, tanh, 0.001, 32, kind="adam")
    yield case("fashion_auto_4_0.2", FASHION, tanh, 0.2, 4, watch="")
    yield case("fashion_auto_32_0.1", FASHION, tanh, 0.1, 32, watch="")
    for batch, lr in ((4, 0.15), (8, 0.3), (4, 0.01), (64, 0.15)):
        yield case(f"blobs_80_{batch}_{lr}", blobs(80, 0.8), dense(0, 0), lr, batch)
        yield case(f"blobs_80_tanh_{batch}_{lr}", blobs(80, 0.8), dense(1, 24, "tanh"), lr, batch)
    for batch, lr in ((4, 0.015), (8, 0.03), (4, 0.001), (64, 0.015)):
        yield case(f"table_70_{batch}_{lr}", table(70, 6.0), dense(0, 0, last=1), lr, batch, more=MSE)
    yield case("blobs_80_cosine", blobs(80, 0.8), dense(0, 0), 0.15, 4, more='[schedule]\nkind = "cosine"\n')
    yield case("table_70_cosine", table(70, 6.0), dense(0, 0, last=1), 0.015, 4, more=MSE + '[schedule]\nkind = "cosine"\n')


def layer_coupling():
    """The same at three tenths of the rate, and with batch norms."""
    def case(name, data, depth, units, lr, init="he_normal", activation="relu", cadence=3, batch=64, **more):
        start = f'[model.init]\nkind = "{init}"\n'
        more["watch"] = watch('"coupling"', cadence)
        plain, normed = (dense(depth, units, activation, norm) + start for norm in ("", ", axis = 1"))
        return name, recipe(data, plain, lr, batch, **more), [recipe(data, plain, 0.3 * lr, batch, **more), recipe(data, normed, lr, batch, **more)]
    rows = synthetic("spirals", 2, 0.02, more="classes = 3")
    for depth, units, lr in ((18, 32, 0.05), (18, 32, 0.015), (14, 48, 0.1), (22, 24, 0.06), (3, 48, 0.1), (8, 48, 0.05)):
        yield case(f"fashion_{depth}_{lr}", FASHION, depth, units, lr)
        yield case(f"blobs_{depth}_{lr}", blobs(24, 0.3), depth, units, lr)
    yield case("overlap_9_0.1", blobs(24, 1.0), 9, 32, 0.1)
    yield case("overlap_14_0.05", blobs(24, 1.0), 14, 32, 0.05)
    yield case("overlap_3_0.1", blobs(24, 1.0), 3, 32, 0.1)
    yield case("spirals_8_0.1", rows, 8, 32, 0.1)
    yield case("spirals_14_0.1", rows, 14, 32, 0.1)
    yield case("fashion_tanh_12_0.1", FASHION, 12, 32, 0.1, "glorot_normal", "tanh")
    yield case("fashion_12_momentum", FASHION, 12, 32, 0.01, keys="momentum = 0.9\n")
    yield case("fashion_12_adam", FASHION, 12, 32, 0.01, kind="adam")
    yield case("blobs_18_adam", blobs(24, 0.3), 18, 24, 0.003, kind="adam")


def normalization_wrong_axis():
    """The same over the right axis."""
    def case(name, data, depth, units, activation, axis, lr=0.05, **more):
        more["watch"] = watch('"normalization"')
        wrong, right = (dense(depth, units, activation, f", axis = {a}", last=more.get("last", '"classes"')) for a in (axis, 1))
        more.pop("last", None)
        return name, recipe(data, wrong, lr, **more), [recipe(data, right, lr, **more)]
    for activation, depths in (("sigmoid", (1, 3, 5, 7)), ("tanh", (3, 8)), ("relu", (3, 8, 18))):
        for depth in depths:
            yield case(f"fashion_{activation}_{depth}_axis0", FASHION, depth, 40, activation, 0)
            yield case(f"blobs_{activation}_{depth}_axis0", blobs(10, 0.25), depth, 40, activation, 0)
            yield case(f"fashion_{activation}_{depth}_axis1", FASHION, depth, 40, activation, 1)
            yield case(f"blobs_{activation}_{depth}_axis1", blobs(10, 0.25), depth, 40, activation, 1)
    yield case("table_sigmoid_5_axis0", table(12, 0.3), 5, 40, "sigmoid", 0, more=MSE, last=1)
    yield case("table_sigmoid_5_axis1", table(12, 0.3), 5, 40, "sigmoid", 1, more=MSE, last=1)
    yield case("table_tanh_3_axis0", table(12, 0.3), 3, 40, "tanh", 0, more=MSE, last=1)
    yield case("overlap_tanh_3_axis0", blobs(10, 1.0), 3, 40, "tanh", 0)


def saturated_units():
    """The same with the weights that LibTorch starts with."""
    def case(name, data, depth, units, activation, std, lr, kind="sgd", first=0.0):
        start = f', init = {{ kind = "normal", std = {std}, bias = "zeros" }}'
        more = {"kind": kind, "steps": 400, "watch": watch('"units"', 2)}
        return name, recipe(data, dense(depth, units, activation, init=start), lr, **more), [recipe(data, dense(depth, units, activation), lr, **more)]
    for activation, stds in (("tanh", (0.2, 0.7, 1.3, 1.8, 3.0)), ("sigmoid", (0.6, 2.5, 3.5, 6.0))):
        for depth in (1, 2, 4):
            for kind, lr in (("sgd", 0.03), ("adam", 0.002)):
                for std in stds:
                    yield case(f"fashion_{activation}_{depth}_{kind}_{std}", FASHION, depth, 80, activation, std, lr, kind)
    for std in (0.2, 0.7, 1.0, 1.4):
        yield case(f"blobs_tanh_9_sgd_{std}", blobs(30, 0.3), 9, 60, "tanh", std, 0.03)


CODES = {f.__name__: f for f in (batch_too_small, layer_coupling, normalization_wrong_axis, saturated_units)}
READ = {"batch_too_small": ("gradient_variance", "descent_gain"), "layer_coupling": ("coupling_share",),
        "normalization_wrong_axis": ("feature_spread",), "saturated_units": ("saturated_units",)}  # fmt: skip


def run(program, text, seed):
    """The findings, the end over the floor, and the series."""
    document, readings = train(program, text, seed)
    series = {}
    for r in readings:
        series.setdefault((r.quantity, r.scope), []).append(r.value)
    losses = [math.inf if v is None else v for v in series["loss", ""]]
    floor = min(v for v in (series["initial_loss", ""][0], series["constant_loss", ""][0]) if v is not None)
    end = statistics.fmean(losses[-len(losses) // 4:]) / floor
    return document["findings"], end, series


def shown(code, series):
    """The highest over the layers of the lower of the last two readings."""
    words = []
    for quantity in READ[code]:
        lasting = [min(v[-2:]) for (q, _), v in series.items() if q == quantity and None not in v[-2:]]
        words.append(f"{quantity} {max(lasting):.2g}" if lasting else f"{quantity} -")
    return ", ".join(words)


def truth(code, end, best):
    gained = end - best
    if end < LEARNT.get(code, 0.5) or not gained >= 0.05:
        return "healthy"
    return "sick" if gained >= 0.1 else "between"


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--program", required=True, help="the built thalweg")
    arguments.add_argument("--code", choices=CODES, required=True, help="the check")
    arguments.add_argument("--seeds", default="31", help="seeds, comma separated")
    arguments.add_argument("--only", default="", help="regular expression that a run's name must contain")
    options = arguments.parse_args()
    counts = {kind: {"fault": 0, "warning": 0, "not named": 0} for kind in ("sick", "between", "healthy")}
    for name, text, remedied in CODES[options.code]():
        if not re.search(options.only, name):
            continue
        for seed in options.seeds.split(","):
            findings, end, series = run(options.program, text, seed)
            ends = [run(options.program, other, seed)[1] for other in remedied]
            kind = truth(options.code, end, min(ends))
            named = next((f["severity"] for f in findings if f["code"] == options.code), "not named")
            counts[kind][named] += 1
            mark = "!" if (kind, named == "fault") in (("sick", False), ("healthy", True)) else " "
            others = [f["code"] for f in findings if f["severity"] == "fault" and f["code"] != options.code]
            print(f"{mark} {name}-{seed:<3} ends at {end:.2f} of the floor, remedied {', '.join(f'{e:.2f}' for e in ends)}: {kind}; "
                  f"{named}; {shown(options.code, series)}; other faults: {', '.join(others) or 'none'}", flush=True)  # fmt: skip
    for kind, named in counts.items():
        print(f"{kind}: " + ", ".join(f"{count} {word}" for word, count in named.items()))


if __name__ == "__main__":
    main()
