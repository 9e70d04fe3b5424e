"""A planted bug: texts of the product's source, read otherwise by the process that loads them. The files stay as they are.

The product has no switch for this: an import hook, which only processes of the tests install, hands Python another text.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, ModuleType

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True, slots=True)
class Edit:
    """In ``file`` (from the root of this repository) stands ``old``, exactly once; with the bug it reads ``new``."""

    file: str
    old: str
    new: str

    def apply(self, text: str) -> str:
        """The text with the bug.

        Raises:
            ValueError: the product has moved on and this bug no longer fits it.
        """
        if text.count(self.old) != 1:
            raise ValueError(f"{self.file} has {text.count(self.old)} times: {self.old!r}")
        return text.replace(self.old, self.new)


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """``what`` says in one line what a careless engineer did.

    ``needs`` are pieces of scenarios without which it cannot show: seeds that lack one of them need not be played.
    """

    name: str
    what: str
    edits: tuple[Edit, ...]
    needs: tuple[str, ...] = ()

    def texts(self) -> dict[Path, str]:
        """The changed files with their texts. Raises as ``Edit.apply``."""
        found: dict[Path, str] = {}
        for edit in self.edits:
            path = ROOT / edit.file
            found[path] = edit.apply(found[path] if path in found else path.read_text(encoding="utf-8"))
        return found


def plant(defect: Defect) -> None:
    """From now on this process imports the product with the bug; nothing of it may have been imported before."""
    texts = defect.texts()
    loaded = {Path(file) for module in list(sys.modules.values()) if (file := getattr(module, "__file__", None))}
    if loaded & set(texts):
        raise RuntimeError(f"imported already: {loaded & set(texts)}")
    sys.meta_path.insert(0, _Finder(texts))


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, texts: dict[Path, str]) -> None:
        self._texts = texts

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The spec of a changed module, with another loader; None for all others."""
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.origin is not None and Path(spec.origin) in self._texts:
            spec.loader = _Loader(fullname, spec.origin, self._texts[Path(spec.origin)])
            return spec
        return None


class _Loader(importlib.machinery.SourceFileLoader):
    def __init__(self, fullname: str, path: str, text: str) -> None:
        super().__init__(fullname, path)
        self._text = text

    def get_code(self, fullname: str) -> CodeType:
        """The changed text, compiled; no cached bytecode is read or written."""
        return compile(self._text, self.get_filename(fullname), "exec", dont_inherit=True)
