#!/usr/bin/env python3
"""Trains small recurrent networks, sick and healthy, by the program itself, and shows what it says of their gradients
in time: the readings that vanishing_gradient and exploding_gradient (thalweg/diagnose/gradient_in_time.h) judge by, and
the findings. The limits were chosen on seed 0. Each run is a line of `plan()`: a recipe, and the finding that it must
bring; "" for one that must not be accused of either.

    tools/time_runs.py --program build/release/bin/thalweg --seeds 0
    tools/time_runs.py --program build/release/bin/thalweg --seeds 1,2 --only vanish
"""
import argparse
import statistics

from small_runs import train

READ = ("recurrent_radius", "lyapunov_exponent", "gradient_time_decay", "backward_gain", "memory_horizon")
FASHION = 'format = "idx"\npath = "fashion-mnist"\nvalidation = 0.0\nlimit = 4000'
MSE = '[loss]\nkind = "mse"\n'
CODES = ("vanishing_gradient", "exploding_gradient")


def adding(length, noise=0.0):
    return f'format = "synthetic"\nkind = "adding"\nsamples = 4000\nfeatures = {length}\nnoise = {noise}\ntarget_scaling = "standardize"\nvalidation = 0.0\ntest = 0.0'


def recipe(data, kind, units=32, init="", outputs='"classes"', steps=600, optimizer="adam", lr=2e-3, more="", extra=""):
    inner = f", init = {{ {init} }}" if init else ""
    return (
        f'threads = 1\n[data]\n{data}\n[batch]\nsize = 32\n[model]\nlayers = [{{type="{kind}", units={units}{inner}{extra}}}, '
        f'{{type="linear", units={outputs}}}]\n[optimizer]\nkind = "{optimizer}"\nlr = {lr}\n{more}'
        f'[stop]\nsteps = {steps}\nevaluate_every = {steps}\n[watch]\nbudget = 0.2\n'
        f'instruments = ["step_norms", "overshoot", "recurrence", "standpoint"]\n'
    )


def plan():
    vanish, explode = CODES
    one = {"outputs": 1}
    clip = "clip_norm = 1.0\n"
    yield "vanish_adding_60", vanish, recipe(adding(60), "rnn", **one) + MSE
    yield "vanish_adding_100_sgd", vanish, recipe(adding(100), "rnn", **one, optimizer="sgd", lr=0.05) + MSE
    yield "vanish_adding_100_small", vanish, recipe(adding(100), "rnn", init='kind = "normal", std = 0.05', **one) + MSE
    yield "fashion_small", "", recipe(FASHION, "rnn", init='kind = "normal", std = 0.01, bias = "zeros"', lr=5e-3, steps=1200)
    yield "fashion_saturated", "", recipe(FASHION, "rnn", init='kind = "normal", std = 0.1, bias = "constant", value = 2.0', lr=1e-3, steps=1200)
    yield "explode_adding_100", explode, recipe(adding(100), "rnn", 64, init='kind = "normal", std = 0.5, bias = "zeros"', **one) + MSE
    yield "explode_adding_60", explode, recipe(adding(60), "rnn", 64, init='kind = "normal", std = 0.5, bias = "zeros"', **one) + MSE
    yield "fashion_blown", "", recipe(FASHION, "rnn", 64, init='kind = "normal", std = 0.3, bias = "zeros"', optimizer="sgd", lr=1.0)
    yield "fashion_rnn", "", recipe(FASHION, "rnn")
    yield "fashion_gru", "", recipe(FASHION, "gru")
    yield "fashion_lstm", "", recipe(FASHION, "lstm", more=clip)
    yield "fashion_lstm_sgd", "", recipe(FASHION, "lstm", optimizer="sgd", lr=0.5, more=clip)
    yield "fashion_rnn_orthogonal", "", recipe(FASHION, "rnn", init='kind = "orthogonal", bias = "zeros"', optimizer="sgd", lr=0.1, more=clip)
    yield "fashion_rnn_long", "", recipe(FASHION, "rnn", steps=1500)
    yield "fashion_lively_clipped", "", recipe(FASHION, "rnn", init='kind = "normal", std = 0.2, bias = "zeros"', lr=1e-3, more=clip)
    yield "adding_20_lstm", "", recipe(adding(20), "lstm", **one, lr=5e-3, steps=1000) + MSE
    yield "adding_50_gru", "", recipe(adding(50), "gru", **one, lr=5e-3, steps=1000) + MSE
    yield "adding_50_identity", "", recipe(adding(50), "rnn", init='kind = "identity", bias = "zeros"', **one, lr=1e-3, steps=1000, more=clip) + MSE
    yield "adding_10_rnn", "", recipe(adding(10), "rnn", **one, lr=5e-3, steps=1000) + MSE
    yield "adding_noise", "", recipe(adding(30, 5.0), "lstm", **one) + MSE


def series_of(readings):
    found = {}
    for r in readings:
        if r.scope != "" and r.quantity in READ:
            found.setdefault(r.quantity, []).append((r.step, float("inf") if r.value is None else r.value))
    return found


def shown(values):
    words = []
    for name in READ:
        series = [v for _, v in values.get(name, [])]
        if series:
            words.append(f"{name.split('_')[-1]} {series[0]:.2g}→{statistics.median(series[len(series) // 2 :]):.2g}")
    count = max((len(v) for v in values.values()), default=0)
    return ", ".join(words) + f" ({count} readings)"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", default="build/release/bin/thalweg")
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    wrong = total = 0
    for seed in arguments.seeds.split(","):
        for name, expected, text in plan():
            if arguments.only not in name:
                continue
            result, readings = train(arguments.program, text, seed)
            values = series_of(readings)
            loss = result['loss']['train']
            findings = [(f["code"], f["severity"]) for f in result["findings"]]
            named = [code for code, severity in findings if code in CODES and severity == "fault"]
            good = named == ([expected] if expected else [])
            total, wrong = total + 1, wrong + (not good)
            print(f"{'  ' if good else '! '}{name}-{seed}: loss {loss if loss is None else format(loss, '.3g')}; {shown(values)}; {findings}", flush=True)
    print(f"{total - wrong} of {total} as expected")


if __name__ == "__main__":
    main()
