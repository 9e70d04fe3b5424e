"""SOQL's tokens, and errors that point at one."""

import re
from dataclasses import dataclass

from emulator.salesforce.errors import SalesforceError

MAX_LENGTH = 100_000
MAX_OFFSET = 2_000

_PATTERN = re.compile(
    r"""(?P<space>\s+|/\*.*?\*/|//[^\n]*)
    |(?P<string>'(?:[^'\\]|\\.)*')
    |(?P<datetime>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))
    |(?P<date>\d{4}-\d\d-\d\d(?!\d))
    |(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*)
    |(?P<operator><=|>=|!=|<>|=|<|>)
    |(?P<mark>[(),:])
    |(?P<other>[^\s'])""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\"}
CLAUSES = frozenset(
    {
        *("from", "where", "group", "having", "order", "limit", "offset", "for", "using", "with", "all", "update"),
        *("and", "or", "not", "in", "like", "includes", "excludes", "asc", "desc", "nulls", "end", "when", "then"),
        *("else", "select", "by", "scope", "rows"),
    }
)
PERIOD = re.compile(
    r"(?:TODAY|YESTERDAY|TOMORROW|(?:LAST|THIS|NEXT)_(?:WEEK|MONTH|QUARTER|YEAR|FISCAL_QUARTER|FISCAL_YEAR)"
    r"|(?:LAST|NEXT)_90_DAYS|(?:LAST|NEXT)_N_(?:DAYS|WEEKS|MONTHS|QUARTERS|YEARS|FISCAL_QUARTERS|FISCAL_YEARS)"
    r"|N_(?:DAYS|WEEKS|MONTHS|QUARTERS|YEARS|FISCAL_QUARTERS|FISCAL_YEARS)_AGO)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Token:
    """One word, literal or mark, and where it stands."""

    kind: str
    text: str
    at: int


def mark(text: str, at: int, message: str) -> str:
    """An error text with the line it is about and an arrow, as the real parser prints them."""
    line_start = text.rfind("\n", 0, at) + 1
    line = text.count("\n", 0, at) + 1
    column = at - line_start + 1
    begin = max(line_start, at - 40)
    end = text.find("\n", at)
    excerpt = text[begin : min(len(text) if end < 0 else end, at + 40)]
    return f"\n{excerpt}\n{' ' * (at - begin)}^\nERROR at Row:{line}:Column:{column}\n{message}"


def malformed(text: str, at: int, message: str) -> SalesforceError:
    """A statement that cannot be read."""
    return SalesforceError("MALFORMED_QUERY", mark(text, at, message))


def cut(text: str) -> list["Token"]:
    """The tokens of a statement, the last of kind `end`."""
    tokens: list[Token] = []
    position = 0
    for match in _PATTERN.finditer(text):
        begin, kind = match.start(), match.lastgroup
        if begin != position:
            break
        if kind is not None and kind != "space":
            tokens.append(Token(kind, match.group(), begin))
        position = match.end()
    if position != len(text):
        raise malformed(text, position, f"unexpected char: '{text[position]}'")
    tokens.append(Token("end", "<EOF>", len(text)))
    return tokens


def unescape(text: str, quoted: str, at: int) -> str:
    """The characters that a quoted string stands for."""

    def one(match: re.Match[str]) -> str:
        letter = match.group(1)
        if letter in {"_", "%"}:
            return "\\" + letter  # LIKE tells an escaped wildcard from a bare one
        if letter not in _ESCAPES:
            raise malformed(text, at, f"Illegal string literal: invalid escape sequence '\\{letter}'")
        return _ESCAPES[letter]

    return re.sub(r"\\(.)", one, quoted[1:-1], flags=re.DOTALL)
