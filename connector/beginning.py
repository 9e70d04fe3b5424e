"""What an administrator begins with: a configuration, and mapping files composed for one platform and one CRM flavour."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from connector.core.document import did_you_mean
from connector.errors import Problem, UserError
from connector.rules.compose import File, compose

GENERIC = "generic"
"""The platform that the shipped mapping speaks of by itself."""
PLAIN = "plain"
"""The CRM flavour that the shipped mapping speaks of by itself."""

_FILES: tuple[File, ...] = ("person", "requests", "routing")
_PROFILE = '# profile = "generic"'
"""The line of the example configuration that names the platform."""


def shipped() -> Path:
    """The folder with ``config.example.toml`` and ``mappings/``: in the wheel, or the source tree."""
    packed = resources.files("connector").joinpath("examples")
    return Path(str(packed)) if packed.is_dir() else Path(__file__).parents[1]


def platforms(root: Path | None = None) -> list[str]:
    """The platforms for which there is a mapping (``root``: other files than the shipped ones)."""
    return [GENERIC, *_overlays("platforms", root)]


def flavours(root: Path | None = None) -> list[str]:
    """The CRM flavours for which there is a mapping."""
    return [PLAIN, *_overlays("flavours", root)]


def _overlays(kind: str, root: Path | None) -> list[str]:
    return sorted(path.stem for path in ((root or shipped()) / "mappings" / kind).glob("*.toml"))


def composed(*, platform: str = GENERIC, flavour: str = PLAIN, root: Path | None = None) -> dict[str, str]:
    """The files of a new installation by their path in its folder.

    Raises:
        UserError: there is no such platform or flavour.
    """
    _demand("platform", platform, platforms(root))
    _demand("flavour", flavour, flavours(root))
    root = root or shipped()
    mappings = root / "mappings"
    overlays = [
        (mappings / kind / f"{name}.toml").read_text(encoding="utf-8")
        for kind, name, usual in (("flavours", flavour, PLAIN), ("platforms", platform, GENERIC))
        if name != usual
    ]
    example = (root / "config.example.toml").read_text(encoding="utf-8")
    files = {"config.toml": example.replace(_PROFILE, f'profile = "{platform}"')}
    for name in _FILES:
        base = (mappings / f"{name}.toml").read_text(encoding="utf-8")
        files[f"mappings/{name}.toml"] = compose(name, base, *overlays)
    files["mappings/README.md"] = (mappings / "README.md").read_text(encoding="utf-8")
    return files


def _demand(kind: str, name: str, known: list[str]) -> None:
    if name not in known:
        message, choice = f'there is no mapping for {kind} "{name}"', f"choose one of: {', '.join(known)}"
        cure = did_you_mean(name, known, otherwise=choice)
        raise UserError([Problem(code="C302", message=message, cure=cure, file=f"--{kind}")])


def write_files(folder: Path, *, platform: str = GENERIC, flavour: str = PLAIN, root: Path | None = None) -> list[Path]:
    """Write the files of a new installation; what was written.

    Raises:
        UserError: there is no such platform or flavour, or a file is there already; nothing is written then.
    """
    wanted = {folder / name: text for name, text in composed(platform=platform, flavour=flavour, root=root).items()}
    there = [path for path in wanted if path.exists()]
    if there:
        cure = "name an empty folder, or move the file away"
        raise UserError([Problem(code="C301", message="the file is there already", cure=cure, file=str(path)) for path in there])
    for path, text in wanted.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(wanted)
