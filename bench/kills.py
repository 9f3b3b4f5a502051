"""Two hundred kills at random moments: tests/reference/kill.py on the built program.

    ./dev bench kills
"""
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent

with tempfile.TemporaryDirectory() as folder:
    script, program = ROOT / "tests/reference/kill.py", ROOT / "build/release/bin/thalweg"
    sys.exit(subprocess.run([sys.executable, script, program, folder, *(sys.argv[1:] or ["200"])]).returncode)
