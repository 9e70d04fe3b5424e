"""Writes emulator/COVERAGE.md from the docstrings of the emulator's tests: `python -m tests.emulator.coverage`.

Each docstring states a law and ends with the marks of its evidence; the page lists them by mark, guesses first.
"""

import ast
import re
from collections import defaultdict
from pathlib import Path

from emulator.salesforce.urls import routes

TESTS = Path(__file__).parent
PAGE = Path(__file__).parents[2] / "emulator" / "COVERAGE.md"
MARKS = {
    "U": "Guesses: general knowledge, unverified",
    "I": "Issue threads and forums",
    "C": "Code that was read",
    "T": "Tried with unmodified clients",
    "D": "Salesforce documentation",
    "R": "Recorded traffic of a real organisation",
}
_MARK = re.compile(r"\s*\[([UICTDR])\]")
_HEAD = """# What the Salesforce emulator covers, and on what evidence

Generated from the tests' docstrings by `python -m tests.emulator.coverage`; a test fails when it is not current.
A law with two marks is listed under the weaker one. Everything under *Guesses* has to be settled in a real
organisation before anything relies on it.
"""


def laws() -> dict[str, dict[str, list[str]]]:
    """Laws by mark and by area (the first line of the test module's docstring)."""
    found: dict[str, dict[str, list[str]]] = {mark: defaultdict(list) for mark in MARKS}
    for path in sorted(TESTS.glob("test_sf_*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        area = (ast.get_docstring(tree) or path.stem).splitlines()[0].rstrip(".")
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                text = " ".join((ast.get_docstring(node) or "").split())
                marks = _MARK.findall(text)
                if not marks:
                    raise ValueError(f"{path.name}: {node.name} has no mark of evidence")
                weakest = min(marks, key=list(MARKS).index)
                found[weakest][area].append(_MARK.sub("", text).replace(". .", ".").rstrip(" .") + ".")
    return found


def page() -> str:
    """The whole page."""
    lines = [_HEAD]
    for mark, areas in laws().items():
        lines.append(f"## {MARKS[mark]}\n")
        for area, texts in sorted(areas.items()):
            lines.append(f"### {area}\n")
            lines += [f"- {text}" for text in texts]
            lines.append("")
    lines.append("## Addresses below /services/data/v{version}\n")
    lines += [f"- `{method} {pattern or '(root)'}`" for method, pattern in sorted(routes(), key=lambda one: (one[1], one[0]))]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
