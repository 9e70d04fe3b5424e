"""A tokenizer of SOQL that shares nothing with the product."""

from __future__ import annotations

ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "\\": "\\", "'": "'", '"': '"'}


def tokens(text: str) -> list[tuple[str, str]]:
    """Cut SOQL into ('text', unescaped) and ('word', raw); an unfinished or badly escaped string is an error."""
    found, at = [], 0
    while at < len(text):
        if text[at] != "'":
            end = text.find("'", at)
            end = len(text) if end < 0 else end
            found += [("word", word) for word in text[at:end].split()]
            at = end
            continue
        at, value = at + 1, ""
        while text[at] != "'":
            if text[at] == "\\":
                value += ESCAPES[text[at + 1]]
                at += 2
            else:
                value += text[at]
                at += 1
        found.append(("text", value))
        at += 1
    return found
