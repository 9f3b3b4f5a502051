#!/usr/bin/env python3
"""How early a run that will be lost is told, and how often a healthy one is called lost: docs/instability.md.

    ./dev bench instability                       30 runs at the reported seeds (about 10 minutes on one core)
    ./dev bench instability --seeds 100-103       the seeds that the thresholds were tuned on
    ./dev bench instability --keep DIR            runs are left in DIR, and taken from there the next time
    ./dev bench instability --set carried=0.9     another threshold (InstabilityOptions)

A transformer of two blocks with AdamW learns the characters of a made-up language, 32 rows of 32 a step, and is looked
at on every tenth step, three times a seed: the rate ramped up until the run is lost; ramped to the end of the run, but only
to RATE_BELOW; and constant.
"""
import argparse
import json
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile

STEPS = 600
RATE_BELOW = 0.07  # half of the lowest rate at which a run of the tuning seeds was lost
CONSTANT = (0.003, 0.01, 0.03)  # by seed in turn
KINDS = {
    "until lost": lambda seed: (0.3, 900),
    "ends below": lambda seed: (RATE_BELOW, STEPS),
    "constant": lambda seed: (CONSTANT[seed % 3], 20),
}
RECIPE = """
name = "instability"
threads = 1
seed = {seed}
[data]
format = "text"
path = "{text}"
context = 32
stride = 8
test = 0.0
validation = 0.02
[batch]
size = 32
[model]
preset = "char_transformer"
width = 32
heads = 4
layers = 2
[optimizer]
kind = "adamw"
lr = {rate}
[schedule]
warmup = {warmup}
[stop]
steps = {steps}
evaluate_every = {steps}
[watch]
cadence = 10
instruments = ["edge", "overshoot"]
[act]
mode = "off"
"""


def language(length=200_000, words=400, seed=1):
    """Sentences of words drawn by Zipf's law from a lexicon of made-up syllables."""
    rng = random.Random(seed)
    syllables = [c + v for c in "bdfgklmnprstvz" for v in "aeiou"]
    syllables += [c + v + e for c in "bdklmnprst" for v in "aeiou" for e in "nrs"]
    lexicon = ["".join(rng.choice(syllables) for _ in range(rng.choice((1, 2, 2, 3)))) for _ in range(words)]
    weights = [1 / (i + 2) for i in range(words)]
    text = ""
    while len(text) < length:
        text += " ".join(rng.choices(lexicon, weights, k=rng.randint(3, 9))) + ".\n"
    return text


def train(folder, kind, seed):
    out = folder / f"{kind.replace(' ', '-')}-{seed}"
    if (out / "done").exists():
        return out
    rate, warmup = KINDS[kind](seed)
    recipe = folder / f"{out.name}.toml"
    recipe.write_text(RECIPE.format(seed=seed, text=folder / "language.txt", rate=rate, warmup=warmup, steps=STEPS))
    command = ["thalweg", "train", str(recipe), "--quiet", "--out", str(out)]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"instability: {out.name}: {result.stderr.strip().splitlines()[-1]}")
    (out / "done").touch()
    return out


def score(folders, options):
    command = ["instability_bench", *map(str, folders)]
    for option in options:
        command += ["--set", option]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [json.loads(line) for line in out.splitlines()]


def spread(values, width=0):
    if not values:
        return "-".rjust(width)
    return f"{statistics.median(values):+.0f} [{min(values):+.0f}, {max(values):+.0f}]"


def row(kind, runs):
    lost = [r for r in runs if r["blow_up"] is not None]
    told = [r for r in lost if r["lead"] is not None]
    forecasts = sum(len(r["forecasts"]) for r in lost)
    return [kind, len(runs), len(lost), len(told),
            spread([r["lead"] for r in told]).replace("+", ""), spread([r["first_error"] for r in told]),
            spread([r["last_error"] for r in told]), f"{sum(r['came_true'] for r in lost)} of {forecasts}",
            f"{sum(r['alarms'] for r in runs)}", f"{sum(r['false_alarms'] for r in runs) / len(runs):.2f}",
            sum(r["open"] for r in runs)]


def table(rows):
    head = ["runs", "number", "lost", "told", "lead in steps", "first N - lost", "last N - lost", "lost within N ± M",
            "alarms", "false a run", "open"]
    widths = [max(len(str(r[i])) for r in [head, *rows]) for i in range(len(head))]
    for r in [head, ["-" * w for w in widths], *rows]:
        print("| " + " | ".join(str(c).ljust(w) for c, w in zip(r, widths)) + " |")


def seeds_of(text):
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=seeds_of, default=range(10), metavar="A-B")
    parser.add_argument("--keep", type=pathlib.Path, help="folder for the runs")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--runs", action="store_true", help="a line for each run, too")
    arguments = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory() as scratch:
        folder = (arguments.keep or pathlib.Path(scratch)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "language.txt").exists():
            (folder / "language.txt").write_text(language())
        rows = []
        for kind in KINDS:
            runs = score([train(folder, kind, seed) for seed in arguments.seeds], arguments.set)
            rows.append(row(kind, runs))
            for r in runs if arguments.runs else []:
                said = "; ".join(f"{f['made_at']}: {f['step']:.0f}±{f['margin']:.0f} ρ {f['overshoot']:.2f}" for f in r["forecasts"])
                print(pathlib.Path(r["run"]).name, "lost at", r["blow_up"], f"rate {r['blow_up_rate']:.3f}", "|", said)
        table(rows)


if __name__ == "__main__":
    main()
