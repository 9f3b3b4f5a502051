"""Holds the sources to the table of rooms (cmake/rooms.txt): who may include whom, where torch may be known, that only the
command line prints or exits, and that no two headers define types of one name."""

import re
import sys

from sources import ROOT, Problems, files, read, without_comments_and_strings

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
TORCH = re.compile(r"^(ATen|c10|torch|caffe2)/")
TORCH_IN_HEADERS = {"ATen/core/Generator.h", "ATen/core/Tensor.h"}
PRINTS = re.compile(r"\bstd::(cout|cerr|clog|exit|_Exit|quick_exit|abort)\b|\b(printf|puts|putchar|_exit|exit|abort)\s*\("
                    r"|\b(fprintf|fputs|fwrite)\s*\([^;]*\bstd(out|err)\b|\bfmt::print\s*\(")
MAY_PRINT = {"cli", "cli_torch", "python"}
TEST_HELPERS = {"problems", "reference"}


def read_rooms():
    rooms = {}
    for line in read(ROOT / "cmake/rooms.txt").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        room, torch, includes = (field.strip() for field in line.split("|"))
        rooms[room] = (torch == "torch", set(includes.split()))
    return rooms


def check_table(rooms, problems):
    table = ROOT / "cmake/rooms.txt"
    earlier = set()
    for room, (torch, includes) in rooms.items():
        for other in sorted(includes - earlier):
            problems.add(table, 1, f"{room} includes {other}, which is not a room above it")
        if not torch:
            for other in sorted(other for other in includes & earlier if rooms[other][0]):
                problems.add(table, 1, f"{room} knows no torch, but includes {other}, which does")
        earlier.add(room)
    for folder in sorted((ROOT / "thalweg").iterdir()):
        if folder.is_dir() and folder.name not in rooms:
            problems.add(table, 1, f"the folder thalweg/{folder.name} is not in the table")


def includes_of(path):
    for number, line in enumerate(read(path).splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match.group(1) == '"', match.group(2)


def check_own_include(path, line, name, room, rooms, problems):
    """An include of the project's own, written with quotes."""
    in_tests = path.relative_to(ROOT).parts[0] == "tests"
    if in_tests and (name == "test_paths.h" or ("/" not in name and (path.parent / name).is_file())):
        return
    parts = name.split("/")
    if parts[0] not in ({"thalweg", "tests"} if in_tests else {"thalweg"}) or len(parts) < 3:
        problems.add(path, line, f'"{name}" is not written as "thalweg/<room>/…"')
    elif not (ROOT / name).is_file():
        problems.add(path, line, f'there is no file "{name}"')
    elif parts[0] == "tests" and parts[1] not in TEST_HELPERS | {room}:
        problems.add(path, line, f"a test of {room} may not include tests of {parts[1]}")
    elif parts[0] == "thalweg" and parts[1] != room and parts[1] not in rooms[room][1]:
        problems.add(path, line, f"{room} may not include {parts[1]} (cmake/rooms.txt)")


def check_file(path, room, rooms, problems):
    torch = rooms[room][0]
    public = path.suffix == ".h" and path.relative_to(ROOT).parts[0] == "thalweg"
    for line, own, name in includes_of(path):
        if own:
            check_own_include(path, line, name, room, rooms, problems)
        elif TORCH.match(name) and not torch:
            problems.add(path, line, f"{room} knows no torch, but includes <{name}>")
        elif TORCH.match(name) and public and name not in TORCH_IN_HEADERS:
            problems.add(path, line, f"a header may include only the cheap <ATen/core/Tensor.h> of torch, not <{name}>")


def check_prints(path, problems):
    for number, line in enumerate(without_comments_and_strings(read(path)).splitlines(), 1):
        match = PRINTS.search(line)
        if match:
            problems.add(path, number, f"only the command line prints or exits: {match.group().strip()}")


NAMESPACE = re.compile(r"^namespace (thalweg[a-z_:]*) \{", re.MULTILINE)
TYPE = re.compile(r"^(?:struct|class|enum class) (\w+)(?!\w|::)[^;]*\{", re.MULTILINE)  # not a type that another declares within itself


def check_one_definition(paths, problems):
    """Two types of one name in one namespace are one type to the linker: it takes either's functions for both."""
    seen = {}
    for path in paths:
        text = without_comments_and_strings(read(path))
        space = NAMESPACE.search(text)
        for match in TYPE.finditer(text):
            name = (space.group(1) if space else "", match.group(1))
            other = seen.setdefault(name, path)
            if other != path:
                line = text.count("\n", 0, match.start()) + 1
                problems.add(path, line, f"{match.group(1)} is defined in {other.relative_to(ROOT)}, too")


def main():
    rooms = read_rooms()
    problems = Problems()
    check_table(rooms, problems)
    for path in files("thalweg/*.h", "thalweg/*.cpp", "tests/*.h", "tests/*.cpp"):
        top, room = path.relative_to(ROOT).parts[:2]
        if room not in rooms:
            if top == "thalweg" and room != "watch.h":  # the one header above the rooms, for those who install them
                problems.add(path, 1, f"{room} is no room (cmake/rooms.txt)")
            continue
        check_file(path, room, rooms, problems)
        if top == "thalweg" and room not in MAY_PRINT:
            check_prints(path, problems)
    check_one_definition(files("thalweg/*.h"), problems)
    return problems.exit_code()


if __name__ == "__main__":
    sys.exit(main())
