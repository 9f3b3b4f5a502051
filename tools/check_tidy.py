"""Runs clang-tidy (.clang-tidy) over the project's sources, several at a time. A source that was clean is looked at again
only when it, a header of the project that it includes, its command or the list of checks has changed.

Usage: check_tidy.py BUILD_FOLDER [SOURCE…]"""

import hashlib
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sources import ROOT, files, read

INCLUDE = re.compile(r'^\s*#\s*include\s*"((?:thalweg|tests)/[^"]+)"', re.MULTILINE)


def with_headers(source):
    """The source and every header of the project that it includes, directly or not."""
    seen = set()
    waiting = [source]
    while waiting:
        path = waiting.pop()
        if path in seen or not path.is_file():
            continue
        seen.add(path)
        waiting += [ROOT / name for name in INCLUDE.findall(read(path))]
    return sorted(seen)


def fingerprint(source, command):
    digest = hashlib.sha256(command.encode())
    for path in [ROOT / ".clang-tidy", *with_headers(source)]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def look(source, command, folder):
    """The complaints about one source, "" where it is clean."""
    stamp = folder / "tidy" / source.relative_to(ROOT).with_suffix(".clean")
    mark = fingerprint(source, command)
    if stamp.is_file() and stamp.read_text() == mark:
        return ""
    arguments = ["clang-tidy-16", "--quiet", "-p", str(folder), str(source)]
    done = subprocess.run(arguments, capture_output=True, text=True, cwd=ROOT)
    if done.returncode == 0:
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.write_text(mark)
        return ""
    return (done.stdout + done.stderr).replace(f"{ROOT}/", "")


def main():
    folder = Path(sys.argv[1]).resolve()
    commands = {Path(entry["file"]): entry["command"] for entry in json.loads(read(folder / "compile_commands.json"))}
    chosen = [Path(name).resolve() for name in sys.argv[2:]] or files("thalweg/*.cpp", "tests/*.cpp")
    sources = [source for source in chosen if source in commands]
    complaints = 0
    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for text in pool.map(lambda source: look(source, commands[source], folder), sources):
            if text:
                print(text, end="", flush=True)
                complaints += 1
    print(f"clang-tidy: {complaints} of {len(sources)} sources with complaints", file=sys.stderr)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
