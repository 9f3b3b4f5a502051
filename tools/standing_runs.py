#!/usr/bin/env python3
"""Trains small real runs that stand still, sick and healthy, by the program itself, and shows what it says of them.

The limits of saddle_point, plateau and local_minimum (thalweg/diagnose) were chosen on seed 0; tests/train holds them to
seeds 11 and 12. Each run is a line of `plan()`: a recipe and the finding that it must bring; "" for one that stands still for a
good reason, or does not stand.

    tools/standing_runs.py --program build/release/bin/thalweg --seeds 0
    tools/standing_runs.py --program build/release/bin/thalweg --seeds 2,3,4 --only saddle
"""
import argparse
import re

from small_runs import train

FASHION = 'format = "idx"\npath = "fashion-mnist"\nvalidation = 0.0\nlimit = 4000'
READ = ("neighbour_loss", "gradient_norm", "live_weights", "lambda_max", "lambda_min", "escape_curvature",
        "escape_length", "escape_gain", "descent_gain")  # fmt: skip


def synthetic(kind, noise=0.1, samples=1000, more=""):
    return f'format = "synthetic"\nkind = "{kind}"\nsamples = {samples}\nnoise = {noise}\nvalidation = 0.0\ntest = 0.0\n{more}'


def layers(*units, activation="tanh", last='"classes"', end="", init=""):
    inner = [f'{{type="linear", units={u}, activation="{activation}"{init}}}' for u in units]
    return f'layers = [{", ".join([*inner, f"{{type={chr(34)}linear{chr(34)}, units={last}{end}}}"])}]'


def recipe(data, model, lr=0.1, steps=800, optimizer="sgd", batch=64, more="", init="", momentum=0.0):
    heavy = f"momentum = {momentum}\n" if momentum else ""
    start = f"[model.init]\n{init}\n" if init else ""
    return (
        f"threads = 1\n[data]\n{data}\n[batch]\nsize = {batch}\n[model]\n{model}\n{start}"
        f'[optimizer]\nkind = "{optimizer}"\nlr = {lr}\n{heavy}[stop]\nsteps = {steps}\nevaluate_every = {steps}\n{more}'
    )


ZEROS = 'kind = "zeros"\nbias = "zeros"'
REAL = '"classes"'


def sick():
    saddle, plateau, minimum = "saddle_point", "plateau", "local_minimum"
    table = synthetic("regression", 0.3, 1000, "features = 8\ntarget_scaling = \"standardize\"")
    one = dict(last=1)
    yield "saddle_zeros_fashion", saddle, recipe(FASHION, layers(64), init=ZEROS)
    yield "saddle_zeros_adam", saddle, recipe(FASHION, layers(64), init=ZEROS, optimizer="adam", lr=1e-3)
    yield "saddle_zeros_table", saddle, recipe(table, layers(32, **one), init=ZEROS, more='[loss]\nkind = "mse"\n')
    yield "saddle_zeros_relu_free", saddle, recipe(table, layers(16, activation="none", **one), init=ZEROS, more='[loss]\nkind = "mse"\n')
    yield "saddle_zeros_blobs", saddle, recipe(synthetic("blobs", 0.3, more="classes = 4"), layers(16), init=ZEROS)
    yield "saddle_tiny_table", saddle, recipe(table, layers(32, **one), init='kind = "normal"\nstd = 1e-9\nbias = "zeros"', lr=0.01, more='[loss]\nkind = "mse"\n')
    yield "saddle_tiny_blobs", saddle, recipe(synthetic("blobs", 0.3, more="classes = 4"), layers(16), init='kind = "normal"\nstd = 1e-9\nbias = "zeros"', lr=0.02)
    yield "saddle_equal_blobs", saddle, recipe(synthetic("blobs", 0.3, more="classes = 4"), layers(16), init='kind = "constant"\nvalue = 0.1\nbias = "zeros"', steps=1500)
    yield "plateau_dead_fashion", plateau, recipe(FASHION, layers(64, activation="relu", init=', init={bias="constant", value=-50.0}'))
    yield "plateau_dead_adam", plateau, recipe(FASHION, layers(64, 64, activation="relu", init=', init={bias="constant", value=-50.0}'), optimizer="adam", lr=1e-3)
    yield "plateau_dead_table", plateau, recipe(table, layers(32, activation="relu", init=', init={bias="constant", value=-30.0}', **one), more='[loss]\nkind = "mse"\n')
    yield "plateau_saturated", plateau, recipe(FASHION, layers(64, activation="sigmoid", end=', activation="sigmoid"'), init='kind = "normal"\nstd = 20.0', more='[loss]\nkind = "mse"\n')
    yield "plateau_saturated_deep", plateau, recipe(synthetic("blobs", 0.3, more="classes = 4"), layers(16, 16, activation="sigmoid", end=', activation="sigmoid"'), init='kind = "normal"\nstd = 40.0', more='[loss]\nkind = "mse"\n')
    yield "plateau_deep_sigmoid", plateau, recipe(FASHION, layers(*[32] * 10, activation="sigmoid"))
    yield "plateau_deep_zeros", plateau, recipe(FASHION, layers(32, 32, 32), init=ZEROS)
    yield "minimum_xor_one_unit", minimum, recipe(synthetic("xor", 0.2), layers(1, activation="relu"), steps=2000, lr=0.2)
    yield "minimum_spirals_linear", minimum, recipe(synthetic("spirals", 0.02), layers(1, activation="none"), steps=1500, lr=0.2)
    yield "minimum_xor_linear", minimum, recipe(synthetic("xor", 0.2), layers(), steps=1500, lr=0.2)


def healthy():
    table = synthetic("regression", 0.3, 1000, "features = 8\ntarget_scaling = \"standardize\"")
    one = dict(last=1)
    mse = '[loss]\nkind = "mse"\n'
    yield "fashion_mlp", "", recipe(FASHION, layers(64, activation="relu"))
    yield "fashion_adam_long", "", recipe(FASHION, layers(64, activation="relu"), optimizer="adam", lr=1e-3, steps=2000)
    yield "fashion_logistic", "", recipe(FASHION, layers(), lr=0.05, steps=2000)
    yield "fashion_interpolating", "", recipe(FASHION.replace("4000", "300"), layers(64, activation="relu"), optimizer="adam", lr=1e-3, steps=1500)
    yield "fashion_slow_but_moving", "", recipe(FASHION, layers(64, activation="relu"), lr=0.003, steps=1500)
    yield "fashion_early_stop", "", recipe(FASHION, layers(64, activation="relu"), lr=0.1, steps=300)
    yield "fashion_hovering", "", recipe(FASHION, layers(64, activation="relu"), lr=0.05, batch=8, steps=2000)
    yield "fashion_cosine_end", "", recipe(FASHION, layers(64, activation="relu"), steps=1500, more='[schedule]\nkind = "cosine"\n')
    yield "fashion_tanh_deep", "", recipe(FASHION, layers(32, 32, 32, 32), lr=0.1, steps=1200)
    yield "fashion_dropout", "", recipe(FASHION, 'layers = [{type="linear", units=64, activation="relu"}, {type="dropout", p=0.5}, {type="linear", units="classes"}]')
    yield "fashion_batch_norm", "", recipe(FASHION, 'layers = [{type="conv", channels=4, kernel=3}, {type="batch_norm", activation="relu"}, {type="pool"}, {type="linear", units="classes"}]', steps=500)
    yield "blobs_no_signal", "", recipe(synthetic("blobs", 50.0, 4000, "classes = 3"), layers(8), lr=0.02, steps=1500)
    yield "blobs_no_signal_linear", "", recipe(synthetic("blobs", 50.0, 4000, "classes = 3"), layers(), lr=0.02, steps=1500)
    yield "blobs_label_noise", "", recipe(synthetic("blobs", 1.0, 4000, "classes = 3"), layers(16), lr=0.1, steps=1500)
    yield "blobs_much_noise", "", recipe(synthetic("blobs", 2.5, 4000, "classes = 3"), layers(16, activation="relu"), lr=0.1, steps=1500)
    yield "blobs_finished", "", recipe(synthetic("blobs", 0.1, more="classes = 4"), layers(16), lr=0.2, steps=1500)
    yield "blobs_hovering", "", recipe(synthetic("blobs", 1.0, 4000, "classes = 3"), layers(16), lr=1.0, batch=4, steps=2000)
    yield "table_noise_floor", "", recipe(synthetic("regression", 3.0, 1000, "features = 8\ntarget_scaling = \"standardize\""), layers(32, **one), lr=0.05, steps=1500, more=mse)
    yield "table_linear_floor", "", recipe(table, layers(**one), lr=0.05, steps=1500, more=mse)
    yield "table_adam", "", recipe(table, layers(32, **one), optimizer="adam", lr=3e-3, steps=1000, more=mse)
    yield "table_hovering", "", recipe(table, layers(32, **one), lr=0.3, batch=4, steps=2000, more=mse)
    yield "xor_wide", "", recipe(synthetic("xor", 0.2), layers(64, activation="relu"), optimizer="adam", lr=3e-3, steps=1000)
    yield "spirals_wide", "", recipe(synthetic("spirals", 0.02), layers(64, 64, activation="relu"), optimizer="adam", lr=3e-3, steps=1500)
    yield "parity_learnt", "", recipe(synthetic("parity", 0.1, 1000, "features = 4"), layers(64, activation="relu"), optimizer="adam", lr=3e-3, steps=1500)
    yield "adding_lstm", "", recipe(synthetic("adding", 0.0, 1000, "features = 8"), 'layers = [{type="lstm", units=16}, {type="linear", units=1}]', optimizer="adam", lr=3e-3, steps=1000, more=mse)


def last_of(readings):
    return {r.quantity: (r.value, r.error) for r in readings if r.scope == "" and r.quantity in READ}


def shown(values):
    words = []
    for name in READ:
        if name in values:
            value, error = values[name]
            bar = f"±{error:.1g}" if error else ""
            words.append(f"{name} {value:.2g}{bar}" if value is not None else f"{name} -")
    return "  ".join(words)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--program", required=True, help="the built thalweg")
    arguments.add_argument("--seeds", default="0,1", help="seeds, comma separated")
    arguments.add_argument("--only", default="", help="regular expression that a run's name must contain")
    options = arguments.parse_args()
    wrong = {True: 0, False: 0}
    total = {True: 0, False: 0}
    for name, wanted, text in [*sick(), *healthy()]:
        for seed in options.seeds.split(","):
            if not re.search(options.only, name):
                continue
            result, readings = train(options.program, text, seed)
            values = last_of(readings)
            found = [(f["code"], f["severity"]) for f in result["findings"]]
            standing = [f for f in found if f[0] in ("saddle_point", "plateau", "local_minimum")]
            good = wanted in [code for code, _ in found] if wanted else not standing
            total[bool(wanted)] += 1
            wrong[bool(wanted)] += not good
            mark = " " if good else "!"
            print(f"{mark} {name}-{seed:<2} wants {wanted or 'healthy':<14} loss {result['loss']['train'] or float('nan'):.3g}  {result['verdict']} {found}\n      {shown(values)}", flush=True)
    print(f"sick: {total[True] - wrong[True]} of {total[True]} named, alone or after what they follow from; healthy: {wrong[False]} of {total[False]} accused")


if __name__ == "__main__":
    main()
