"""`python -m thalweg` and the script `thalweg`: the command line, whose programs lie in this package."""

import os
import sys
from pathlib import Path
from typing import NoReturn


def main() -> NoReturn:
    program = Path(__file__).parent / "bin" / "thalweg"
    try:
        os.execv(program, ["thalweg", *sys.argv[1:]])
    except OSError as error:
        print(f"thalweg: cannot start {program}: {error.strerror}", file=sys.stderr)
        sys.exit(4)


if __name__ == "__main__":
    main()
