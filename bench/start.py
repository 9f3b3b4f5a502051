"""CPU time from the start of the program to the end of the first training step: thalweg, and the Python script that does the same.

    ./dev bench start

The same MLP on the same Fashion-MNIST, one thread. Thalweg's is read from /proc when its first step is shown; Python's is the whole of
bench/python_loop.py with 0 counted steps, less what its warm-up of 20 steps takes by its own clock.
"""
import os
import pathlib
import re
import resource
import statistics
import subprocess
import sys
import tempfile

from throughput import MODELS, RECIPE, ROOT


def thalweg_seconds(folder):
    recipe = folder / "start.toml"
    recipe.write_text(RECIPE.replace("{layers}", MODELS["mlp"]).replace("{steps}", "100000"))
    subprocess.run(["rm", "-rf", folder / "run"], check=True)
    process = subprocess.Popen([ROOT / "build/release/bin/thalweg", "train", recipe, "--out", folder / "run"], stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True)
    for line in process.stderr:
        if re.match(r"step 1/", line.strip()):
            break
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    process.kill()
    process.communicate()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def python_seconds():
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, ROOT / "bench/python_loop.py", "mlp", "0"], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    warm_up = float(subprocess.run([sys.executable, ROOT / "bench/python_loop.py", "mlp", "20"], check=True, capture_output=True, text=True).stdout)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime - warm_up


with tempfile.TemporaryDirectory() as name:
    rounds = [(thalweg_seconds(pathlib.Path(name)), python_seconds()) for _ in range(3)]
    ratios = [a / b for a, b in rounds]
    print(f"CPU to the end of the first step: thalweg {statistics.median(a for a, _ in rounds):.2f} s, Python "
          f"{statistics.median(b for _, b in rounds):.2f} s, ratio {statistics.median(ratios):.2f} [{min(ratios):.2f}, {max(ratios):.2f}]")
