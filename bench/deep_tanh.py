#!/usr/bin/env python3
"""Thirty layers of tanh from three starts over several seeds: what `thalweg check` says beforehand, and what training does.

    ./dev bench deep_tanh
    ./dev bench deep_tanh --seeds 0,1 --limit 4000

Each run is examples/deep_tanh.toml with model.init.kind and the seed changed. `named`: whether check names
bad_initialization before the first step; forwards and backwards: its ratios of the signal at the two ends.
"""
import argparse
import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path

STARTS = ("default", "orthogonal", "lsuv")


def call(program, *words):
    done = subprocess.run([program, *words, "--json", "--quiet"], capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        sys.exit(done.stderr)
    return json.loads(done.stdout)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--program", default="thalweg", help="the built thalweg (default: the one on the path)")
    arguments.add_argument("--recipe", default="examples/deep_tanh.toml")
    arguments.add_argument("--seeds", default="0,1,2,3,4", help="comma separated")
    arguments.add_argument("--starts", default=",".join(STARTS), help="initialisers, comma separated")
    arguments.add_argument("--limit", type=int, default=0, help="rows of data; 0: the recipe's")
    options = arguments.parse_args()
    print(f"{'start':<11} {'seed':>4} {'named':>5} {'first loss':>10} {'forwards':>9} {'backwards':>9} {'last loss':>9} {'accuracy':>8}  findings")
    for start in options.starts.split(","):
        accuracies = []
        for seed in options.seeds.split(","):
            changes = [f'model.init.kind="{start}"', f"seed={seed}", "threads=1", 'watch.instruments=["none"]']
            if options.limit:
                changes.append(f"data.limit={options.limit}")
            words = [word for change in changes for word in ("--set", change)]
            before = call(options.program, "check", options.recipe, *words)
            with tempfile.TemporaryDirectory() as folder:
                after = call(options.program, "train", options.recipe, "--out", f"{folder}/run", *words)
            named = any(f["code"] == "bad_initialization" and f["severity"] == "fault" for f in before["findings"])
            accuracy = after["metrics"][0]["value"] if "metrics" in after else math.nan
            accuracies.append(accuracy)
            ratios = before["start"]
            print(f"{start:<11} {seed:>4} {'yes' if named else 'no':>5} {before['initial_loss']:>10.4g} {ratios['forward_ratio'] or 0:>9.2g} "
                  f"{ratios['backward_ratio'] or 0:>9.2g} {after['loss']['train']:>9.3g} {accuracy:>8.1%}  {[f['code'] for f in after['findings']]}", flush=True)
        print(f"{start:<11} mean accuracy {sum(accuracies) / len(accuracies):.1%}")


if __name__ == "__main__":
    main()
