"""Training throughput of Thalweg, its free instruments and its budget of 3% on, against the ordinary Python loop.

    ./dev bench throughput            (or: python bench/throughput.py [--rounds N] [--only mlp,cnn,lstm])

One thread, Fashion-MNIST, batch 128, AdamW. The two programs take turns; each round gives one ratio, and the median of the ratios is
reported with their range. Thalweg's time is the difference of a long and a short run, so that loading, evaluation and checkpoints drop out.
"""
import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
STEPS = {"mlp": 1200, "cnn": 240, "lstm": 300}
MODELS = {
    "mlp": '{type="linear",units=512,activation="relu"},{type="linear",units=512,activation="relu"},{type="linear",units=10}',
    "cnn": '{type="conv",channels=16,kernel=3,padding=1,activation="relu"},{type="pool"},'
           '{type="conv",channels=32,kernel=3,padding=1,activation="relu"},{type="pool"},'
           '{type="linear",units=128,activation="relu"},{type="linear",units=10}',
    "lstm": '{type="lstm",units=128,return="last"},{type="linear",units=10}',
}
RECIPE = """
threads = 1
[data]
format = "idx"
path = "fashion-mnist"
validation = 0.0
test = 0.02
[model]
layers = [{layers}]
[optimizer]
kind = "adamw"
lr = 1e-3
[stop]
steps = {steps}
evaluate_every = 1000000
[checkpoint]
every = 1000000
"""


def thalweg_seconds(binary, kind, steps, folder):
    recipe = folder / f"{kind}-{steps}.toml"
    recipe.write_text(RECIPE.replace("{layers}", MODELS[kind]).replace("{steps}", str(steps)))
    out = folder / f"run-{kind}-{steps}"
    subprocess.run(["rm", "-rf", out], check=True)
    done = subprocess.run([binary, "train", recipe, "--out", out, "--json", "--quiet"], capture_output=True, text=True, check=True)
    result = json.loads(done.stdout)
    return result["stopped"]["seconds"], result["overhead"]["share"]


def one_round(binary, kind, folder):
    steps = STEPS[kind]
    short, _ = thalweg_seconds(binary, kind, 40, folder)
    long, share = thalweg_seconds(binary, kind, 40 + steps, folder)
    python = float(subprocess.run([sys.executable, ROOT / "bench/python_loop.py", kind, str(steps)], capture_output=True,
                                  text=True, check=True).stdout)
    return python / (long - short), 128 * steps / (long - short), share


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="mlp,cnn,lstm")
    parser.add_argument("--binary", default=ROOT / "build/release/bin/thalweg")
    arguments = parser.parse_args()
    print(f"{'network':<8} {'over the Python loop':>22} {'rows/s':>10} {'instruments':>12}")
    with tempfile.TemporaryDirectory() as folder:
        for kind in arguments.only.split(","):
            rounds = [one_round(arguments.binary, kind, pathlib.Path(folder)) for _ in range(arguments.rounds)]
            ratios, rates, shares = zip(*rounds)
            print(f"{kind:<8} {statistics.median(ratios):>8.2f} [{min(ratios):.2f}, {max(ratios):.2f}] "
                  f"{statistics.median(rates):>10.0f} {100 * statistics.median(shares):>11.1f}%", flush=True)


if __name__ == "__main__":
    main()
