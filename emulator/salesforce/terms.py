"""What a search looks for: words and phrases, joined by AND, OR and AND NOT."""

import re
from collections.abc import Callable, Sequence

from emulator.salesforce.errors import SalesforceError

Matcher = Callable[[Sequence[str]], bool]
"""Whether the texts of a record hold what is looked for."""

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)+"|[()]|(?:[^\s()"\\]|\\.)+')


def matcher(term: str) -> Matcher:
    """The test of a search term. Each word has to begin a word of some text, and to end one; `*` and `?` are wildcards.

    AND NOT binds more than AND, AND more than OR; words side by side must all be there [documentation].

    Raises:
        SalesforceError: it is too short, or its operators and brackets do not fit.
    """
    if len(re.sub(r'[\s"*?()]', "", term)) < 2:
        raise SalesforceError("MALFORMED_SEARCH", f"search term must be longer than one character: {term}")
    return _Terms(term).whole()


class _Terms:
    def __init__(self, term: str) -> None:
        self.term = term
        self.tokens = _TOKEN.findall(term)

    def whole(self) -> Matcher:
        found = self.either()
        if self.tokens:
            raise self.unexpected()
        return found

    def unexpected(self) -> SalesforceError:
        shown = self.tokens[0] if self.tokens else "<EOF>"
        return SalesforceError("MALFORMED_SEARCH", f"unexpected token in search: '{shown}' in {self.term}")

    def take(self, word: str) -> bool:
        if self.tokens and self.tokens[0].upper() == word:
            self.tokens.pop(0)
            return True
        return False

    def either(self) -> Matcher:
        parts = [self.every()]
        while self.take("OR"):
            parts.append(self.every())
        return lambda texts: any(part(texts) for part in parts)

    def every(self) -> Matcher:
        parts = [self.one()]
        while self.tokens and self.tokens[0].upper() not in {"OR", ")"}:
            self.take("AND")
            parts.append(self.without() if self.take("NOT") else self.one())
        return lambda texts: all(part(texts) for part in parts)

    def without(self) -> Matcher:
        unwanted = self.one()
        return lambda texts: not unwanted(texts)

    def one(self) -> Matcher:
        if self.take("("):
            inner = self.either()
            if not self.take(")"):
                raise self.unexpected()
            return inner
        if not self.tokens or self.tokens[0].upper() in {")", "AND", "OR", "NOT"}:
            raise self.unexpected()
        pattern = _pattern(self.tokens.pop(0))
        return lambda texts: any(pattern.search(text) for text in texts)


def _pattern(token: str) -> re.Pattern[str]:
    end = r"(?!\w)" if not token.endswith("*") else ""
    pieces = re.findall(r"\\.|.", token.removeprefix('"').removesuffix('"'), re.DOTALL)
    plain = "".join({"*": ".*", "?": "."}.get(piece) or re.escape(piece[-1]) for piece in pieces)
    return re.compile(rf"(?<!\w){plain}{end}", re.IGNORECASE)
