"""A recursive descent parser for SOQL. Errors have the wording and the position marks of the real parser."""

from collections.abc import Callable
from functools import lru_cache
from typing import Literal as OneOf
from typing import TypeVar

from emulator.salesforce.errors import SalesforceError
from emulator.salesforce.soql.tokens import CLAUSES, MAX_LENGTH, MAX_OFFSET, PERIOD, Token, cut, malformed, unescape
from emulator.salesforce.soql.tree import (
    AllFields,
    Call,
    Combined,
    Comparison,
    Condition,
    Expression,
    Order,
    Path,
    Query,
    Selected,
    TypeOf,
    Value,
)

T = TypeVar("T")
MAX_ROLLED = 3
MAX_STRING = 4_000
_ROLLED: tuple[OneOf["rollup"], OneOf["cube"]] = ("rollup", "cube")


@lru_cache(maxsize=2000)
def parse(text: str) -> Query:
    """Read one statement. Clients ask the same again and again: what was read lately is remembered.

    Raises:
        SalesforceError: MALFORMED_QUERY, or NUMBER_OUTSIDE_VALID_RANGE for an offset that is too large.
    """
    if len(text) > MAX_LENGTH:
        raise SalesforceError("MALFORMED_QUERY", f"SOQL statements cannot be longer than {MAX_LENGTH} characters.")
    return _Parser(text).statement()


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = cut(text)
        self.at = 0

    # --- tokens ---------------------------------------------------------------------------------------------------

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def next(self) -> Token:
        token = self.tokens[self.at]
        # The end stays the end, however often it is asked for.
        self.at = min(self.at + 1, len(self.tokens) - 1)
        return token

    def is_word(self, *words: str, ahead: int = 0) -> bool:
        if self.at + ahead >= len(self.tokens):
            return False
        token = self.tokens[self.at + ahead]
        return token.kind == "name" and token.text.lower() in words

    def is_mark(self, text: str, ahead: int = 0) -> bool:
        at = self.at + ahead
        return at < len(self.tokens) and self.tokens[at].kind == "mark" and self.tokens[at].text == text

    def take_word(self, *words: str) -> bool:
        """Skip these words if they all come next."""
        if all(self.is_word(word, ahead=at) for at, word in enumerate(words)):
            self.at += len(words)
            return True
        return False

    def take_mark(self, text: str) -> bool:
        if self.is_mark(text):
            self.at += 1
            return True
        return False

    def unexpected(self, token: Token | None = None) -> SalesforceError:
        token = token or self.token
        shown = token.text if token.kind == "end" else f"'{token.text}'"
        return malformed(self.text, token.at, f"unexpected token: {shown}")

    def need_word(self, word: str) -> None:
        if not self.take_word(word):
            raise self.unexpected()

    def need_mark(self, text: str) -> None:
        if not self.take_mark(text):
            raise self.unexpected()

    def need_name(self) -> Token:
        if self.token.kind != "name":
            raise self.unexpected()
        return self.next()

    # --- statement ------------------------------------------------------------------------------------------------

    def statement(self) -> Query:
        if self.token.kind == "end":
            raise SalesforceError("MALFORMED_QUERY", "A query string has to be specified")
        query = self.query()
        if self.token.kind != "end":
            raise self.unexpected()
        return query

    def query(self) -> Query:
        start = self.token.at
        self.need_word("select")
        select = self.several(self.selected)
        self.need_word("from")
        source = self.need_name()
        aliases = self.aliases(source.text)
        scope = self.next().text if self.take_word("using", "scope") else None
        where = self.conditions() if self.take_word("where") else None
        if self.take_word("with"):
            self.with_clause()
        group, rolled = self.grouping() if self.take_word("group", "by") else ((), "")
        having_at = self.token
        having = self.conditions() if self.take_word("having") else None
        if having is not None and not group:
            raise malformed(self.text, having_at.at, "having clause requires a group by clause")
        order = self.several(self.order) if self.take_word("order", "by") else ()
        limit = self.whole_number("limit") if self.take_word("limit") else None
        offset = self.offset() if self.take_word("offset") else 0
        all_rows, seen = self.endings()
        return Query(
            select=select,
            source=source.text,
            source_at=source.at,
            aliases=aliases,
            where=where,
            group=group,
            rolled=rolled,
            having=having,
            order=order,
            limit=limit,
            offset=offset,
            all_rows=all_rows,
            seen=seen,
            scope=scope,
            at=start,
        )

    def aliases(self, source: str) -> dict[str, tuple[str, ...]]:
        """Further names of the object and its parents: `FROM Contact c, c.Account a` [documentation]."""
        known: dict[str, tuple[str, ...]] = {}
        if self.take_word("as") or self.is_alias():
            known[self.need_name().text.lower()] = ()
        while self.take_mark(","):
            token = self.need_name()
            first, *rest = token.text.split(".")
            if first.lower() not in {source.lower(), *known} or not rest:
                raise self.unexpected(token)
            self.take_word("as")
            known[self.need_name().text.lower()] = (*known.get(first.lower(), ()), *rest)
        return known

    def is_alias(self) -> bool:
        return self.token.kind == "name" and self.token.text.lower() not in CLAUSES

    def several(self, one: Callable[[], T]) -> tuple[T, ...]:
        found = [one()]
        while self.take_mark(","):
            found.append(one())
        return tuple(found)

    def endings(self) -> tuple[bool, frozenset[str]]:
        """ALL ROWS, FOR VIEW, FOR REFERENCE, FOR UPDATE, UPDATE TRACKING and UPDATE VIEWSTAT, in any order."""
        all_rows, seen = False, set()
        while True:
            if self.take_word("all", "rows"):
                all_rows = True
            elif self.take_word("for"):
                if not self.is_word("view", "reference", "update"):
                    raise self.unexpected()
                seen.add(self.next().text.lower())
                while self.take_mark(","):
                    seen.add(self.need_name().text.lower())
            elif self.take_word("update"):
                if not self.is_word("tracking", "viewstat"):
                    raise self.unexpected()
                self.next()
            else:
                return all_rows, frozenset(seen)

    def with_clause(self) -> None:
        # SECURITY_ENFORCED and USER_MODE change nothing here: every query obeys the user's permissions.
        if not self.is_word("security_enforced", "user_mode", "system_mode"):
            raise self.unexpected()
        self.next()

    def grouping(self) -> tuple[tuple[Expression, ...], OneOf["", "rollup", "cube"]]:
        for word in _ROLLED:
            if self.is_word(word) and self.is_mark("(", 1):
                self.next()
                self.next()
                fields = self.several(self.expression)
                self.need_mark(")")
                if len(fields) > MAX_ROLLED:
                    message = f"maximum number of fields in a group by {word} clause is {MAX_ROLLED}"
                    raise malformed(self.text, self.token.at, message)
                return fields, word
        return self.several(self.expression), ""

    def whole_number(self, what: str) -> int:
        token = self.next()
        if token.kind != "number" or not token.text.isdigit():
            raise malformed(self.text, token.at, f"expecting a positive number after {what}, found '{token.text}'")
        return int(token.text)

    def offset(self) -> int:
        number = self.whole_number("offset")
        if number > MAX_OFFSET:
            message = f"Maximum SOQL offset allowed is {MAX_OFFSET}"
            raise SalesforceError("NUMBER_OUTSIDE_VALID_RANGE", message)
        return number

    # --- select list ----------------------------------------------------------------------------------------------

    def selected(self) -> Selected | AllFields | TypeOf | Query:
        if self.is_mark("(") and self.is_word("select", ahead=1):
            self.next()
            inner = self.query()
            self.need_mark(")")
            return inner
        if self.is_word("typeof"):
            return self.type_of()
        if self.is_word("fields") and self.is_mark("(", 1):
            at = self.next().at
            self.next()
            kind = self.need_name().text.upper()
            self.need_mark(")")
            return AllFields(kind=kind, at=at)
        expression = self.expression()
        alias = None
        if self.token.kind == "name" and self.token.text.lower() not in CLAUSES and "." not in self.token.text:
            if isinstance(expression, Path) and self.is_word("select"):
                raise self.unexpected()
            alias = self.next().text
        return Selected(expression=expression, alias=alias)

    def expression(self) -> Expression:
        token = self.need_name()
        if token.text.lower() in CLAUSES and not self.is_mark("("):
            raise self.unexpected(token)
        if not self.take_mark("("):
            return Path(parts=tuple(token.text.split(".")), at=token.at)
        arguments: tuple[Expression, ...] = ()
        if not self.is_mark(")"):
            arguments = self.several(self.argument)
        self.need_mark(")")
        return Call(name=token.text.upper(), arguments=arguments, at=token.at)

    def argument(self) -> Expression:
        if self.token.kind in {"string", "number"}:
            token = self.next()
            return Path(parts=(token.text,), at=token.at)
        return self.expression()

    def type_of(self) -> TypeOf:
        self.next()
        token = self.need_name()
        cases: list[tuple[str, tuple[Path, ...]]] = []
        while self.take_word("when"):
            kind = self.need_name().text
            self.need_word("then")
            cases.append((kind, self.several(self.path)))
        otherwise = self.several(self.path) if self.take_word("else") else ()
        self.need_word("end")
        return TypeOf(field=Path(parts=tuple(token.text.split(".")), at=token.at), cases=tuple(cases), otherwise=otherwise)

    def path(self) -> Path:
        token = self.need_name()
        return Path(parts=tuple(token.text.split(".")), at=token.at)

    def order(self) -> Order:
        expression = self.expression()
        descending = self.take_word("desc")
        if not descending:
            self.take_word("asc")
        nulls_last = self.take_word("nulls", "last")
        if not nulls_last:
            self.take_word("nulls", "first")
        return Order(expression=expression, descending=descending, nulls_last=nulls_last)

    # --- conditions -----------------------------------------------------------------------------------------------

    def conditions(self) -> Condition:
        first = self.condition()
        if not self.is_word("and", "or"):
            return first
        word = self.token.text.lower()
        found = [first]
        while self.take_word(word):
            found.append(self.condition())
        if self.is_word("and", "or"):
            # AND and OR may not be mixed without parentheses.
            raise self.unexpected()
        return Combined(operator="and" if word == "and" else "or", conditions=tuple(found))

    def condition(self) -> Condition:
        if self.take_word("not"):
            return Combined(operator="not", conditions=(self.condition(),))
        if self.take_mark("("):
            inner = self.conditions()
            self.need_mark(")")
            return inner
        return self.comparison()

    def comparison(self) -> Comparison:
        at = self.token.at
        left = self.expression()
        if self.take_word("not"):
            self.need_word("in")
            return Comparison(left=left, operator="not in", right=self.many(), at=at)
        if self.take_word("in"):
            return Comparison(left=left, operator="in", right=self.many(), at=at)
        for word in ("includes", "excludes"):
            if self.take_word(word):
                return Comparison(left=left, operator=word, right=self.many(), at=at)
        if self.take_word("like"):
            return Comparison(left=left, operator="like", right=self.value(), at=at)
        token = self.next()
        if token.kind != "operator":
            raise self.unexpected(token)
        operator = "!=" if token.text == "<>" else token.text
        return Comparison(left=left, operator=operator, right=self.value(), at=at)

    def many(self) -> tuple[Value, ...] | Query:
        self.refuse_binding()
        self.need_mark("(")
        found: tuple[Value, ...] | Query = self.query() if self.is_word("select") else self.several(self.value)
        self.need_mark(")")
        return found

    def refuse_binding(self) -> None:
        if self.is_mark(":"):
            raise malformed(self.text, self.token.at, "Bind variables only allowed in Apex code")

    def value(self) -> Value:
        self.refuse_binding()
        token = self.next()
        match token.kind:
            case "string":
                if len(token.text) > MAX_STRING + 2:
                    raise malformed(self.text, token.at, f"strings in a where clause have at most {MAX_STRING} characters")
                return Value(kind="string", value=unescape(self.text, token.text, token.at), at=token.at)
            case "number":
                return Value(kind="number", value=float(token.text), at=token.at)
            case "date":
                return Value(kind="date", value=token.text, at=token.at)
            case "datetime":
                return Value(kind="datetime", value=token.text, at=token.at)
            case "name":
                return self.word_value(token)
            case _:
                raise self.unexpected(token)

    def word_value(self, token: Token) -> Value:
        word = token.text.lower()
        if word in {"true", "false"}:
            return Value(kind="boolean", value=word == "true", at=token.at)
        if word == "null":
            return Value(kind="null", value=None, at=token.at)
        if PERIOD.fullmatch(token.text):
            count = 0
            if "N_" in token.text.upper():
                self.need_mark(":")
                count = self.whole_number(token.text)
            return Value(kind="period", value=(token.text.upper(), count), at=token.at)
        raise self.unexpected(token)
