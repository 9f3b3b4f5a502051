"""The files of the project, and their text, for the checks in this folder."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def files(*patterns):
    """The project's files (tracked, or new and not ignored) that match one of the glob patterns, in order."""
    command = ["git", "ls-files", "-co", "--exclude-standard", "--", *patterns]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    return [ROOT / name for name in sorted(set(names)) if (ROOT / name).is_file()]


def read(path):
    return path.read_text(encoding="utf-8")


def without_comments_and_strings(text):
    """C++ with comments and string literals blanked out; lines keep their numbers."""
    pattern = r'//[^\n]*|/\*.*?\*/|R"([^(\s]*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"'
    return re.sub(pattern, lambda match: "\n" * match.group().count("\n"), text, flags=re.DOTALL)


class Problems:
    """What a check found, each with its place."""

    def __init__(self):
        self.count = 0

    def add(self, path, line, message):
        print(f"{path.relative_to(ROOT)}:{line}: {message}")
        self.count += 1

    def exit_code(self):
        return 1 if self.count else 0
