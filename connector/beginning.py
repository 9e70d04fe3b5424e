"""What an administrator begins with: a configuration, and mapping files composed for one platform and one CRM flavour."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path

from connector.addresses import address_fault, my_domain_fault
from connector.bootstrap import Surroundings, open_client
from connector.career.facts import Facts
from connector.career.profile import load_profile
from connector.career.profile import shipped as profiles
from connector.config import Crm, demand_system, load_settings
from connector.core.document import did_you_mean
from connector.errors import Problem, UserError
from connector.rules.compose import File, compose
from connector.salesforce.flavour import EDA_PREFIX, Seen, look, refuse_people
from connector.secrets import is_reference, read_secret

GENERIC = "generic"
"""The platform that the shipped mapping speaks of by itself."""
PLAIN = "plain"
"""The CRM flavour that the shipped mapping speaks of by itself."""

AUTO = "auto"
"""Instead of a flavour: look at the org and choose."""

_FILES: tuple[File, ...] = ("person", "requests", "routing")
_PROFILE, _KEY, _FOLDER = '# profile = "generic"', 'key = "credential:career_key"\n', '# folder = "exchange"'
_URL = 'url = "https://careers.example.edu/bridge/v1"\n'
_REQUESTS, _SETTINGS = "## requests_", '## settings = { staff_visibility_id = "3" }'
"""What the example configuration says of the platform."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What an installation begins with. ``packaged``: EDA's names carry its prefix, as they do unless it came from source."""

    platform: str = GENERIC
    flavour: str = PLAIN
    packaged: bool = True


def choose(
    folder: Path, wanted: Wanted, *, org: str | None, token: str, around: Surroundings | None = None
) -> tuple[Wanted, Seen | None]:
    """The flavour that fits the org where it is to be looked for, and what was seen there.

    The org is ``org`` with an access token by reference, or the one of the configuration that is in the folder.

    Raises:
        UserError: there is no org to look at, ``org`` or ``token`` is none, or the org shows more than one flavour.
        Halt: people are Person Accounts there.
    """
    if wanted.flavour != AUTO:
        return wanted, None
    config = folder / "config.toml"
    if org is None and not config.exists():
        cure = "name it: --org https://NAME.my.salesforce.com, with an access token in SF_ACCESS_TOKEN"
        raise UserError([Problem(code="C303", message="there is no org to look at", cure=cure, file="--flavour")])
    around = around or Surroundings()
    crm = load_settings(config).crm if org is None else _named(org, token, around)
    seen = look(open_client(crm, around))
    refuse_people(seen.people)
    if len(seen.flavours) > 1:
        signs = "; ".join(f"{name}: {', '.join(found)}" for name, found in seen.flavours.items())
        message, cure = f"the org shows more than one flavour ({signs})", f"choose one: {' or '.join(seen.flavours)}"
        raise UserError([Problem(code="C303", message=message, cure=cure, file="--flavour")])
    return replace(wanted, flavour=next(iter(seen.flavours), PLAIN), packaged=seen.packaged), seen


def _named(org: str, token: str, around: Surroundings) -> Crm:
    """The org of the command line, held to what a configuration is held to: an administrator's token goes there."""
    fault = address_fault(org, lab=False) or my_domain_fault(org)
    if fault is not None:
        raise UserError([Problem(code="C202", message=fault[0], cure=fault[1], file="--org")])
    if not is_reference(token):
        cure = "write env:NAME or file:/PATH; if the token itself stood here, replace it: others may have seen it"
        raise UserError([Problem(code="K101", message="this is not a reference to a secret", cure=cure, file="--token")])
    # Read when it is first needed, it would be told as one of a config.toml that there is not.
    read_secret(token, around.environ, file="--token")
    return Crm(my_domain=org, login="token", access_token=token)


def composed(wanted: Wanted, root: Path | None = None) -> dict[str, str]:
    """The files of a new installation by their path in its folder.

    Raises:
        UserError: there is no such platform or flavour.
    """
    _demand("platform", wanted.platform, platforms(root))
    _demand("flavour", wanted.flavour, flavours(root))
    root = root or shipped()
    mappings = root / "mappings"
    overlays = [
        (mappings / kind / f"{name}.toml").read_text(encoding="utf-8")
        for kind, name, usual in (("flavours", wanted.flavour, PLAIN), ("platforms", wanted.platform, GENERIC))
        if name != usual
    ]
    if not wanted.packaged:
        overlays = [text.replace(EDA_PREFIX, "") for text in overlays]
    example = (root / "config.example.toml").read_text(encoding="utf-8")
    files = {"config.toml": _configured(example, wanted.platform)}
    for name in _FILES:
        base = (mappings / f"{name}.toml").read_text(encoding="utf-8")
        files[f"mappings/{name}.toml"] = compose(name, base, *overlays)
    files["mappings/README.md"] = (mappings / "README.md").read_text(encoding="utf-8")
    return files


def _configured(example: str, platform: str) -> str:
    """The example configuration with what the platform's profile asks for; the values of settings are left to fill in."""
    text = example.replace(_PROFILE, f'profile = "{platform}"')
    if platform == GENERIC or platform not in profiles():
        return text
    profile = load_profile(platform)
    text = text.replace(_URL, _URL.partition("bridge")[0].rstrip("/") + '"\n') if profile.needs.url else text.replace(_URL, "")
    if not profile.needs.key:
        text = text.replace(_KEY, "")
    if profile.needs.folder:
        text = text.replace(_FOLDER, _FOLDER.removeprefix("# "))
    if profile.carriers[:1] == ("rest",) and not profile.abilities.requests:
        text = text.replace(_REQUESTS, _REQUESTS.removeprefix("## "))
    needed = _needed(profile)
    return text.replace(_SETTINGS, f"settings = {{ {', '.join(needed)} }}") if needed else text


def _needed(profile: Facts) -> list[str]:
    settings = [(name, setting) for name, setting in profile.settings.items() if setting.required]
    return [f'{name} = "{f"credential:career_{name}" if setting.secret else ""}"' for name, setting in settings]


def _demand(kind: str, name: str, known: list[str]) -> None:
    if name not in known:
        message, choice = f'there is no mapping for {kind} "{name}"', f"choose one of: {', '.join(known)}"
        cure = did_you_mean(name, known, otherwise=choice)
        raise UserError([Problem(code="C302", message=message, cure=cure, file=f"--{kind}")])


def write_files(
    folder: Path, wanted: Wanted | None = None, *, system: str = "", keep_config: bool = False, root: Path | None = None
) -> list[Path]:
    """Write the files of a new installation, but for a configuration that is to stay as it is; what was written.

    ``system``: of an installation that is there, only the mapping of persons for this further career system.

    Raises:
        UserError: there is no such platform or flavour, no system can be called so, no installation is there that it could be
            added to, or a file is there already, and nothing is written then; or one cannot be written.
    """
    files = composed(wanted or Wanted(), root)
    if system:
        demand_system(system, file="--system")
        _demand_installation(folder)
        files = {f"mappings/person-{system}.toml": files["mappings/person.toml"]}
    elif keep_config:
        files.pop("config.toml")
    texts = {folder / name: text for name, text in files.items()}
    no_folders = {path.parent for path in texts if path.parent.exists() and not path.parent.is_dir()}
    there = [path for path in texts if path.exists()] + sorted(no_folders)
    if there:
        cure = "name an empty folder, or move the file away"
        raise UserError([Problem(code="C301", message="the file is there already", cure=cure, file=str(path)) for path in there])
    for path, text in texts.items():
        put(path, text.encode())
    return list(texts)


def _demand_installation(folder: Path) -> None:
    person = folder / "mappings" / "person.toml"
    if not person.exists():
        message = "there is no installation that a further system could be added to"
        cure = "name its folder, or begin one: `init` without --system"
        raise UserError([Problem(code="C305", message=message, cure=cure, file=str(person))])


def put(path: Path, data: bytes) -> None:
    """Write a file where a person wants it, in a folder that is made if it is not there.

    Raises:
        UserError: it cannot be written there.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    except OSError as error:
        message = f"the file cannot be written: {(error.strerror or 'unknown reason').lower()}"
        cure = "name a place where this user can write"
        raise UserError([Problem(code="C304", message=message, cure=cure, file=str(path))]) from None
