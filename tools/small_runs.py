"""Small runs trained by the built program in a folder that is gone afterwards: what the tools that look for limits share."""
import json
import sqlite3
import subprocess
import sys
import tempfile
from collections import namedtuple
from pathlib import Path

Reading = namedtuple("Reading", "quantity scope step value error")


def train(program, recipe, seed):
    """What `thalweg train --json` says of the recipe with this seed, and its readings by step; values and errors that are not finite are None."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "r.toml").write_text(f"seed = {seed}\n" + recipe)
        command = [program, "train", f"{folder}/r.toml", "--out", f"{folder}/run", "--json", "--quiet"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode not in (0, 1):
            sys.exit(done.stderr)
        store = sqlite3.connect(f"file:{folder}/run/run.sqlite?mode=ro", uri=True)
        rows = store.execute("SELECT quantity, scope, step, value, error FROM readings ORDER BY step").fetchall()
        return json.loads(done.stdout), [Reading(*row) for row in rows]
