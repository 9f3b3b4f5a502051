"""kill -9 at random moments: what was committed is there, the store opens, the run resumes, and its end is the uninterrupted one's, bit for bit.

    python tests/reference/kill.py THALWEG FOLDER [KILLS]

One run is killed KILLS times (default 200), each time after it has trained for a random while, and resumed. After each kill: the store
opens; its loss readings are those of steps 0, 1, 2, … without a gap; they reach at least the last checkpoint, and no reading that an
earlier look found is missing unless the resumed run made it anew. At the end the weights equal those of a run that nobody killed.
"""
import json
import pathlib
import random
import signal
import subprocess
import sys
import time

RECIPE = """
name = "killed"
threads = 1
[data]
format = "synthetic"
kind = "spirals"
samples = 600
classes = 3
validation = 0.1
test = 0.0
[batch]
size = 32
[model]
layers = [
  { type = "linear", units = 24 },
  { type = "batch_norm", activation = "relu" },
  { type = "dropout", p = 0.2 },
  { type = "linear", units = "classes" },
]
[optimizer]
kind = "adam"
lr = 3e-3
[stop]
steps = 1000000000
evaluate_every = 40
[checkpoint]
every = 25
[watch]
cadence = 7
"""


def losses(binary, run, folder):
    out = folder / "export.json"
    out.unlink(missing_ok=True)
    done = subprocess.run([binary, "export", run, "--to", "json", out, "--quiet"], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"the store does not open: {done.stderr}")
    return {r["step"]: r["value"] for r in json.loads(out.read_text())["readings"] if r["quantity"] == "loss"}


def last_checkpoint(run):
    link = run / "checkpoint/last"
    return int(link.readlink().name) if link.is_symlink() else 0


def main():
    binary, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    kills = int(sys.argv[3]) if len(sys.argv) > 3 else 200
    run, recipe = folder / "run", folder / "killed.toml"
    recipe.write_text(RECIPE)
    random.seed(5)
    known, resumed, begun = {}, 0, 0
    for kill in range(kills):
        arguments = ["--resume", run] if (run / "recipe.toml").exists() else [recipe, "--out", run]
        process = subprocess.Popen([binary, "train", *arguments, "--quiet"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        time.sleep(random.uniform(0.15, 0.9))
        process.send_signal(signal.SIGKILL)
        _, error = process.communicate()
        if process.returncode != -signal.SIGKILL:
            sys.exit(f"kill {kill}: the run ended by itself with {process.returncode}: {error}")
        if not (run / "checkpoint/last").exists():
            continue  # killed before it began: there is nothing to keep, but the next start must manage
        checkpoint, now = last_checkpoint(run), losses(binary, run, folder)
        if sorted(now) != list(range(len(now))):
            sys.exit(f"kill {kill}: readings have gaps")
        if len(now) < checkpoint:
            sys.exit(f"kill {kill}: {len(now)} readings, but the checkpoint is of step {checkpoint}")
        changed = [s for s in known if s in now and known[s] != now[s]]
        if changed:
            sys.exit(f"kill {kill}: step {changed[0]} read {known[changed[0]]}, now {now[changed[0]]}")
        resumed += checkpoint > begun
        known, begun = now, checkpoint
    end = last_checkpoint(run) + 10
    for arguments in (["--resume", run], [recipe, "--out", folder / "whole"]):
        subprocess.run([binary, "train", *arguments, "--set", f"stop.steps={end}", "--quiet"], check=True, stdout=subprocess.DEVNULL)
    same = [(folder / name / f"checkpoint/last/{file}.safetensors").read_bytes() for name in ("run", "whole") for file in ("model", "optimizer")]
    if same[:2] != same[2:]:
        sys.exit("the killed run's weights differ from the uninterrupted one's")
    print(f"{kills} kills, {resumed} of them after new checkpoints, {end} steps: nothing lost, same bits at the end")


if __name__ == "__main__":
    main()
