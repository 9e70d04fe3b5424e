"""The rules about the source hold, and each of them sees a defect of its kind."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests import architecture

ROOT = Path(__file__).parents[1]

DEFECTS = {
    "broken_floors": [
        ("connector/core/retry.py", "import connector.engine\n", "each floor of the product"),
        ("connector/store/links.py", "import connector.rules\n", "each floor of the product"),
        ("connector/engine/collect.py", "import connector.salesforce.client\n", "the engine knows its neighbours"),
        ("connector/core/retry.py", "import os\n", "the core decides by values alone"),
        ("jobs/cycle.py", "import emulator.clock\n", "the product and the emulated systems"),
        ("emulator/clock.py", "import connector.clock\n", "the emulator knows neither"),
        ("crm_package/markup.py", "import connector.errors\n", "the Salesforce package is made without"),
        ("demo/people.py", "import connector.store.store\n", "the demo's people"),
    ],
    "unplaced_modules": [("connector/extra.py", '"""A module that stands nowhere."""\n', "connector.extra")],
    "undeclared_imports": [("connector/wire.py", "import httpx\n", "connector/wire.py imports httpx")],
    "unlocked_dependencies": [("requirements/runtime.txt", "httpx==1.0\n", "runtime: httpx has no hash")],
    "chosen_attributes": [
        ("connector/salesforce/client.py", "def ask(client, name):\n    return getattr(client, name)\n", "salesforce/client.py")
    ],
    "unverified_connections": [
        ("connector/wire.py", "def ask(session):\n    session.get('x', verify=False)\n", "connector/wire.py"),
        ("demo/doors.py", "def trust(session):\n    session.verify = False\n", "demo/doors.py"),
    ],
    "password_logins": [
        ("connector/salesforce/auth.py", "FORM = {'grant_type': 'password'}\n", "salesforce/auth.py"),
        ("connector/career/access.py", "FORM = {'grant_type': 'password'}\n", "career/access.py"),
        ("connector/salesforce/auth.py", "from simple_salesforce.login import SalesforceLogin\n", "salesforce/auth.py"),
    ],
    "data_as_code": [
        ("connector/rules/settle.py", "def settle(text):\n    return eval(text)\n", "connector/rules/settle.py"),
        ("connector/store/links.py", "import pickle\n", "connector/store/links.py"),
        ("connector/alerts.py", "def tell(run, text):\n    run(text, shell=True)\n", "connector/alerts.py"),
        ("jobs/cycle.py", "def tell(os, text):\n    os.system(text)\n", "jobs/cycle.py"),
    ],
    "patterns": [
        (
            "connector/rules/settle.py",
            "def find(text, pattern):\n    return re.search(pattern, text)\n",
            "connector/rules/settle.py",
        ),
    ],
    "unfinished": [
        ("jobs/cycle.py", "def later():\n    raise NotImplementedError\n", "jobs/cycle.py"),
        ("connector/alerts.py", "# TO" + "DO: tell somebody\n", "connector/alerts.py"),
    ],
    "unread": [
        ("connector/config.py", "class Extra(Table):\n    nobody_asks: str = ''\n", "Extra.nobody_asks"),
        ("connector/rules/schema.py", "class Wide(SettingsTable):\n    nobody_asked: str = ''\n", "Wide.nobody_asked"),
        ("connector/core/retry.py", "@dataclass(frozen=True)\nclass Tried:\n    nobody_counts: int\n", "Tried.nobody_counts"),
        ("connector/alerts.py", "def nobody_calls():\n    pass\n", "nobody_calls"),
        ("connector/wire.py", "class More:\n    def nobody_called(self):\n        pass\n", "More.nobody_called"),
    ],
    "foreign_places": [("docs/note.md", "Look into /wor" + "k/main for it.\n", "docs/note.md")],
}


def copied(to: Path) -> Path:
    """The source in a folder of its own, under git, so that it can be spoiled."""
    for name in architecture.ALL:
        shutil.copytree(ROOT / name, to / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "requirements", to / "requirements")
    shutil.copy(ROOT / "pyproject.toml", to)
    (to / "docs").mkdir()
    subprocess.run(["git", "init", "-q"], cwd=to, check=True)  # noqa: S607 - git by name
    return to


@pytest.mark.parametrize("rule", architecture.RULES)
def test_the_source_keeps_to(rule: str) -> None:
    """Law: floors, declared dependencies, checked certificates, no password login, data never code (S4, S16, S20, S22, S37)."""
    assert architecture.RULES[rule](ROOT) == []


@pytest.mark.parametrize("rule", architecture.RULES)
def test_a_defect_is_seen_by(rule: str, tmp_path: Path) -> None:
    """Law: a rule that finds nothing would find its own kind of defect (S4, S16, S20, S22, S37)."""
    root = copied(tmp_path / "tree")
    for name, text, _ in DEFECTS[rule]:
        with (root / name).open("a", encoding="utf-8") as file:
            file.write(f"\n{text}")
    subprocess.run(["git", "add", "-A"], cwd=root, check=True)  # noqa: S607 - git by name
    found = architecture.RULES[rule](root)
    for _, text, expected in DEFECTS[rule]:
        assert any(expected in line for line in found), (text, found)


def test_size_sounds_an_alarm(tmp_path: Path) -> None:
    """Law: a function of more than 60 lines is named; its size fails nothing."""
    (tmp_path / "connector").mkdir()
    (tmp_path / "connector" / "long.py").write_text("def work():\n" + "    print()\n" * 60 + "\n\ndef brief():\n    pass\n")
    assert architecture.large_pieces(tmp_path) == ["connector/long.py:1 work: 61 lines"]
