"""What must hold of every text in the repository: length, encoding, links, pages, and words that must not appear."""

import re
import sys

from sources import ROOT, Problems, files, read, without_comments_and_strings

LONGEST_FILE = 400
CODE = ("*.h", "*.cpp", "*.py", "*.cmake", "CMakeLists.txt", "dev", ".ci/run")
TEXT = (*CODE, "*.md", "*.txt", "*.toml", "*.json", "*.in")
# A machine's own paths mean nothing elsewhere. Written so that this line does not find itself.
MACHINE_PATH = re.compile(r"(?<![\w.~*}\])])/(?:work|tmp|root|home)/")
UNFINISHED = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X)\b")
LINK = re.compile(r"(?<!!)\[[^\]\n]*\]\(([^)\s]+)\)|!\[[^\]\n]*\]\(([^)\s]+)\)")
FINDING_CODE = re.compile(r'^\s*\{?\{"([a-z_]+)",', re.MULTILINE)


def check_lines(path, text, problems):
    if text and not text.endswith("\n"):
        problems.add(path, text.count("\n") + 1, "the file does not end with a line end")
    for number, line in enumerate(text.splitlines(), 1):
        if line.endswith((" ", "\t", "\r")):
            problems.add(path, number, "space at the end of the line")
        if MACHINE_PATH.search(line):
            problems.add(path, number, "a path of one machine")
        if UNFINISHED.search(line):
            problems.add(path, number, "unfinished work is not committed")


def check_header(path, text, problems):
    code = without_comments_and_strings(text)
    if "#pragma once" not in code:
        problems.add(path, 1, "a header needs #pragma once")
    for number, line in enumerate(code.splitlines(), 1):
        if re.match(r"\s*using\s+namespace\b", line):
            problems.add(path, number, "no 'using namespace' in a header")
        if re.match(r"\s*#\s*define\b", line):
            problems.add(path, number, "no macros")


def anchors(path):
    """The anchors of a page's headings, as they are made from their words."""
    headings = re.findall(r"^#+\s+(.*?)\s*$", read(path), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def check_links(path, text, problems):
    text = re.sub(r"^```.*?^```", lambda m: "\n" * m.group().count("\n"), text, flags=re.DOTALL | re.MULTILINE)
    for number, line in enumerate(text.splitlines(), 1):
        for match in LINK.finditer(re.sub(r"`[^`]*`", "", line)):
            target = match.group(1) or match.group(2)
            if re.match(r"[a-z]+:", target):
                continue
            name, _, anchor = target.partition("#")
            page = (path.parent / name).resolve() if name else path
            if not page.exists():
                problems.add(path, number, f"the link {target} leads nowhere")
            elif anchor and page.suffix == ".md" and anchor not in anchors(page):
                problems.add(path, number, f"the page {name or path.name} has no heading #{anchor}")


def check_finding_pages(problems):
    catalogue = ROOT / "thalweg/record/finding.cpp"
    codes = set(FINDING_CODE.findall(read(catalogue)))
    pages = {page.stem: page for page in files("docs/findings/*.md")}
    if not codes:
        problems.add(catalogue, 1, "no finding's code is found in the catalogue")
    for code in sorted(codes - pages.keys()):
        problems.add(catalogue, 1, f"the finding {code} has no page docs/findings/{code}.md")
    for code in sorted(pages.keys() - codes - {"README", "index"}):
        problems.add(pages[code], 1, "a page of a finding that is not in the catalogue")


def main():
    problems = Problems()
    for path in files(*TEXT):
        try:
            text = read(path)
        except UnicodeDecodeError as error:
            problems.add(path, 1, f"not UTF-8: {error.reason} at byte {error.start}")
            continue
        check_lines(path, text, problems)
        if path.suffix == ".h":
            check_header(path, text, problems)
        if path.suffix == ".md":
            check_links(path, text, problems)
    for path in files(*CODE):
        length = read(path).count("\n")
        if length > LONGEST_FILE:
            problems.add(path, length, f"{length} lines, and {LONGEST_FILE} is the limit")
    check_finding_pages(problems)
    return problems.exit_code()


if __name__ == "__main__":
    sys.exit(main())
