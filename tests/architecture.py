"""Rules about the source that no linter knows. Each function looks at a tree and answers what breaks its rule, one line each."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tokenize
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

PRODUCT = ("connector", "jobs", "crm_package")
SHIPPED = (*PRODUCT, "emulator")
ALL = (*SHIPPED, "demo", "bench")

# Without a client at hand (the floors see to that), a name from a file can lead nowhere.
_NO_CLIENTS = ("connector/core/", "connector/rules/", "connector/config.py")
# Written so that this file does not break its own rule.
_ELSEWHERE = re.compile(
    r"py[p]i\.org|python[h]osted\.org|registry\.n[p]mjs|deb[.]debian\.org|crates[.]io|/wor[k]/|/roo[t]/|/hom[e]/[a-z]|/tm[p]/[a-z]"
)
_LONG_FUNCTION, _LONG_MODULE, _LONG_JOB = 60, 400, 30


def sources(root: Path, folders: tuple[str, ...]) -> Iterator[tuple[str, Path]]:
    """Each Python file of some folders, with its path from the root."""
    for folder in folders:
        for path in sorted((root / folder).rglob("*.py")):
            yield path.relative_to(root).as_posix(), path


def _nodes(root: Path, folders: tuple[str, ...]) -> Iterator[tuple[str, ast.AST]]:
    """Each syntax node with its place, file:line."""
    for name, path in sources(root, folders):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            yield f"{name}:{getattr(node, 'lineno', 0)}", node


def broken_floors(root: Path) -> list[str]:
    """The contracts of import-linter that a tree breaks."""
    program = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    command = [sys.executable, "-c", program, "--no-cache", "--config", str(root / "pyproject.toml")]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False, env={"PYTHONPATH": str(root)})  # noqa: S603 - our own words
    if done.returncode not in {0, 1} or "Contracts:" not in done.stdout:
        return [f"import-linter could not judge: {done.stdout[-500:]}{done.stderr[-500:]}"]
    return [line.removesuffix(" BROKEN") for line in done.stdout.splitlines() if line.endswith(" BROKEN")]


def unplaced_modules(root: Path) -> list[str]:
    """Modules of the product that stand on no floor."""
    contracts = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    floors = next(one for one in contracts if one["id"] == "floors")["layers"]
    placed = {name.strip() for line in floors for name in line.split("|")}
    found = {f"connector.{path.stem}" for path in (root / "connector").iterdir() if path.suffix == ".py" or _package(path)}
    return sorted(found - placed - {"connector.__init__"})


def _package(path: Path) -> bool:
    return path.is_dir() and (path / "__init__.py").exists()


def undeclared_imports(root: Path) -> list[str]:
    """What the product imports from others without naming it in its dependencies."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = {re.split(r"[^A-Za-z0-9_-]", line)[0].replace("-", "_").lower() for line in project["dependencies"]}
    # A distribution's name is not always its module's; pydantic's core is a part of pydantic.
    names |= {"jwt"} if "pyjwt" in names else set()
    names |= {"pydantic_core"} if "pydantic" in names else set()
    known = names | set(sys.stdlib_module_names) | set(SHIPPED)
    used = {(place.partition(":")[0], top) for place, node in _nodes(root, PRODUCT) for top in _imported(node)}
    return sorted(f"{where} imports {top}" for where, top in used if top.lower() not in known)


def unlocked_dependencies(root: Path) -> list[str]:
    """Dependencies without a locked version, and locked versions without a hash."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = {"runtime": project["project"]["dependencies"]}
    extras = [line for lines in project["project"]["optional-dependencies"].values() for line in lines]
    wanted["dev"] = [*wanted["runtime"], *extras, *project["dependency-groups"]["dev"]]
    found = []
    for name, lines in wanted.items():
        text = (root / "requirements" / f"{name}.txt").read_text(encoding="utf-8").replace("\\\n", " ")
        locked = {line.partition("==")[0]: "--hash=sha256:" in line for line in text.splitlines() if "==" in line}
        names = {re.split(r"[^A-Za-z0-9_.-]", line)[0].lower() for line in lines}
        found += [f"{name}: {one} is not locked" for one in sorted(names - set(locked))]
        found += [f"{name}: {one} has no hash" for one, hashed in locked.items() if not hashed]
    return found


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [name.name.partition(".")[0] for name in node.names]
    return [(node.module or "").partition(".")[0]] if isinstance(node, ast.ImportFrom) and node.level == 0 else []


def chosen_attributes(root: Path) -> list[str]:
    """``getattr`` with a name that is not written in the code, where a client could be asked for it."""
    return [
        place
        for place, node in _nodes(root, PRODUCT)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in {"getattr", "setattr", "delattr"}
        and not isinstance(node.args[1], ast.Constant)
        and not place.startswith(_NO_CLIENTS)
    ]


def unverified_connections(root: Path) -> list[str]:
    """Certificates that are not checked: ``verify=False``, ``verify = False``, ``CERT_NONE``, unverified contexts."""
    return [place for place, node in _nodes(root, ALL) if _trusts_anybody(node)]


def _trusts_anybody(node: ast.AST) -> bool:
    match node:
        case ast.keyword(arg="verify", value=ast.Constant(value=False)):
            return True
        case ast.Assign(targets=[ast.Attribute(attr="verify" | "check_hostname")], value=ast.Constant(value=False)):
            return True
        case ast.Attribute(attr="CERT_NONE" | "_create_unverified_context"):
            return True
        case _:
            return False


_BY_PASSWORD_ALONE = frozenset({"connector/career/dialects/hivebrite_login.py"})
"""Vendors whose API has no other login (docs/platforms.md)."""


def password_logins(root: Path) -> list[str]:
    """Logins by password: the OAuth grant, the SOAP login, or a client that makes either."""
    found = (place for place, node in _nodes(root, PRODUCT) if _logs_in_by_password(node))
    return [place for place in found if place.partition(":")[0] not in _BY_PASSWORD_ALONE]


def _logs_in_by_password(node: ast.AST) -> bool:
    match node:
        case ast.Constant(value="password" | "urn:ietf:params:oauth:grant-type:device_code"):
            return True
        case ast.Name(id="SalesforceLogin") | ast.Attribute(attr="SalesforceLogin") | ast.alias(name="SalesforceLogin"):
            return True
        case ast.Constant(value=str(text)):
            return "/services/Soap/u/" in text
        case _:
            return False


_CARRIES_OUT = frozenset({"eval", "exec", "compile", "__import__"})
_UNPACKS = frozenset({"pickle", "marshal", "shelve", "dill", "yaml"})


def data_as_code(root: Path) -> list[str]:
    """What would carry out data: ``eval``, ``exec``, pickles, YAML, a shell, and formats that are not written in the code."""
    return [place for place, node in _nodes(root, SHIPPED) if _carries_out(node)]


def _carries_out(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Name(id=name)) if name in _CARRIES_OUT:
            return True
        case ast.Import(names=names) if any(one.name.partition(".")[0] in _UNPACKS for one in names):
            return True
        case ast.ImportFrom(module=str(module)) if module.partition(".")[0] in _UNPACKS:
            return True
        case ast.keyword(arg="shell", value=ast.Constant(value=True)):
            return True
        case ast.Attribute(value=ast.Name(id="os"), attr="system" | "popen"):
            return True
        case _:
            return False


def patterns(root: Path) -> list[str]:
    """Regular expressions of the product that are not written in the code: who gives one can keep us busy for ever."""
    return [place for place, node in _nodes(root, PRODUCT) if _made_pattern(node)]


def _made_pattern(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="re"), attr=name), args=[first, *_]) if name != "escape":
            return not _written(first)
        case _:
            return False


def _written(node: ast.expr) -> bool:
    """Constants, constants by name (arguments are in small letters), escaped text, and what is put together of these."""
    match node:
        case ast.Constant() | ast.Call(func=ast.Attribute(value=ast.Name(id="re"), attr="escape")):
            return True
        case ast.Name(id=name):
            return name.strip("_").isupper()
        case ast.JoinedStr(values=parts):
            return all(_written(part.value if isinstance(part, ast.FormattedValue) else part) for part in parts)
        case ast.BinOp(left=left, right=right):
            return _written(left) and _written(right)
        case _:
            return False


def unfinished(root: Path) -> list[str]:
    """What says that it is not done yet."""
    found = [place for place, node in _nodes(root, SHIPPED) if _is_stub(node)]
    for name, path in sources(root, SHIPPED):
        with tokenize.open(path) as stream:
            comments = [token for token in tokenize.generate_tokens(stream.readline) if token.type == tokenize.COMMENT]
        found += [f"{name}:{token.start[0]}" for token in comments if re.search(r"\b(TODO|FIXME|XXX|HACK)\b", token.string)]
    return found


def _is_stub(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == "NotImplementedError"


def foreign_places(root: Path) -> list[str]:
    """Package registries and paths of one machine in what is published."""
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, check=True).stdout  # noqa: S607 - git by name
    found = []
    for name in filter(None, listing.decode().split("\0")):
        path = root / name
        if not path.is_file():
            continue
        text = path.read_bytes().decode("utf-8", "replace")
        found += [f"{name}:{number}" for number, line in enumerate(text.splitlines(), 1) if _ELSEWHERE.search(line)]
    return found


_ALLOWED_UNREAD = {
    "RequestType.case_mode": "for the institution's own yearly figures; the bridge does nothing with it (docs/mapping-guide.md)",
    "TypeTable.case_mode": "the same, as the file has it",
    "TransformTable.collapse": "options are handed to a transform by their names (`TransformTable.options`)",
    "TransformTable.form": "an option, too",
    "TransformTable.invert": "an option, too",
    "TransformTable.region": "an option, too",
    "Score.parts": "the bench shows it beside a wrong link (`bench/train_match.py`)",
    "Guarded.response_class": "the standard library's HTTP client calls it",
    "_Heard.readable": "the standard library's buffers call it",
    "_Wordless.formatException": "the standard library's log calls it",
    "Crm.api_version": "without effect; configurations of before may name it",
}
"""What nobody in the product reads by its name, and why it is there all the same."""

_REGISTERS = frozenset({"command", "callback"})
"""Decorators by which a function is called without being named: those of the command line."""


def unread(root: Path) -> list[str]:
    """What the product has and nobody in it reads; and what is allowed, but read or gone.

    Looked at are the fields of the tables of ``config.toml`` and the mapping, those of the core's dataclasses, and every function
    and method of ``connector``. Members are read as attributes, functions also by their bare names; whose is not looked at: what
    shares its name with something that is read is not found, nor what is read only to be handed on.
    """
    trees = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in sources(root, PRODUCT)}
    nodes = [node for tree in trees.values() for node in ast.walk(tree)]
    members = {word for node in nodes for word in _members_read(node)}
    functions = members | {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    ours = {name: tree for name, tree in trees.items() if name.startswith("connector/") and "/migrations/" not in name}
    offered = {name: place for where, tree in ours.items() for place, name in _offered(where, tree, _tables(ours))}
    found = {name: place for name, place in offered.items() if _last(name) not in (members if "." in name else functions)}
    needless = [f"allowed, but read or gone: {name}" for name in sorted(_ALLOWED_UNREAD.keys() - found)]
    return [f"{place} {name}" for name, place in found.items() if name not in _ALLOWED_UNREAD] + needless


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _members_read(node: ast.AST) -> list[str]:
    match node:
        case ast.Attribute(attr=name, ctx=ast.Load()):
            return [name]
        case ast.MatchClass(kwd_attrs=names):
            return names
        case _:
            return []


def _tables(trees: Mapping[str, ast.Module]) -> set[str]:
    """The tables of configuration and mapping: what comes from ``connector.core.violations.Table``, also by a few steps."""
    places = ("connector/config.py", "connector/rules/schema.py")
    classes = [node for name in places for node in ast.walk(trees[name]) if isinstance(node, ast.ClassDef)]
    known = {"Table"}
    while more := {one.name for one in classes if known & {base.id for base in one.bases if isinstance(base, ast.Name)}} - known:
        known |= more
    return known - {"Table"}


def _offered(where: str, tree: ast.Module, tables: set[str]) -> Iterator[tuple[str, str]]:
    """The place and name of each field and function of a module that somebody should read; a field's with that of its class."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and (
            node.name in tables or (where.startswith("connector/core") and _is_dataclass(node))
        ):
            for line in node.body:
                if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name) and not line.target.id.startswith("_"):
                    yield f"{where}:{line.lineno}", f"{node.name}.{line.target.id}"
        if isinstance(node, ast.Module | ast.ClassDef):
            for line in node.body:
                if isinstance(line, ast.FunctionDef) and not line.name.startswith("_") and not _is_registered(line):
                    yield f"{where}:{line.lineno}", f"{node.name}.{line.name}" if isinstance(node, ast.ClassDef) else line.name


def _is_dataclass(node: ast.ClassDef) -> bool:
    names = (one.func if isinstance(one, ast.Call) else one for one in node.decorator_list)
    return any(isinstance(name, ast.Name) and name.id == "dataclass" for name in names)


def _is_registered(node: ast.FunctionDef) -> bool:
    calls = (one.func for one in node.decorator_list if isinstance(one, ast.Call))
    return any(isinstance(call, ast.Attribute) and call.attr in _REGISTERS for call in calls)


RULES: dict[str, Callable[[Path], list[str]]] = {
    rule.__name__: rule
    for rule in (
        broken_floors,
        unplaced_modules,
        undeclared_imports,
        unlocked_dependencies,
        chosen_attributes,
        unverified_connections,
        password_logins,
        data_as_code,
        patterns,
        unfinished,
        foreign_places,
        unread,
    )
}


def large_pieces(root: Path) -> list[str]:
    """What wants a second look for its size; an alarm, not a rule."""
    found = []
    for name, path in sources(root, ALL):
        text = path.read_text(encoding="utf-8")
        lines = len(text.splitlines())
        limit = _LONG_JOB if name.startswith("jobs/") else _LONG_MODULE
        if lines > limit:
            found.append(f"{name}: {lines} lines")
        found += [
            f"{name}:{node.lineno} {node.name}: {(node.end_lineno or 0) - node.lineno + 1} lines"
            for node in ast.walk(ast.parse(text))
            # What a migration did is history, and one table is one statement.
            if isinstance(node, ast.FunctionDef)
            and "/migrations/" not in name
            and (node.end_lineno or 0) - node.lineno >= _LONG_FUNCTION
        ]
    return found
