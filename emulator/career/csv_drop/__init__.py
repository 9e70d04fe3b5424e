"""A career office that works with files: its own programs put tables into a folder, and carry in those that they find there.

There is no API. What such an office's programs do differs: how they write their tables (encoding, delimiter, name, all people or
those that changed, half-written or renamed), and how they read ours (whether they take the apostrophe away, compare the value
from before, know a line that they have carried in). Each is a parameter of `export` and `carry_in`, to be tried both ways.
"""

from emulator.career.csv_drop.face import CSV_DROP

__all__ = ["CSV_DROP"]
