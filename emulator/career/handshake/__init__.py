"""Handshake as universities meet it: an export of students, the Importer that takes CSV files, and the read-only EDU API.

What the vendor's pages say is done so (`importer`); where they contradict each other or say nothing, the order at the control
door says how: `fails_rows` (too many changed e-mail addresses fail their rows, or hold the file), `warns` (an unknown header
holds the file, or is ignored), `warns_blank` (so does a blank cell under a required one), `strict_month` (alumni more often than
monthly are refused, or merely asked not to come).
"""

from emulator.career.handshake.face import HANDSHAKE

__all__ = ["HANDSHAKE"]
