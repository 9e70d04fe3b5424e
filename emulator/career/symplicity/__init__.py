"""Symplicity CSM's public API over an emulated site, as far as the vendor's page and public code show it.

What is not known is a switch, to be tried both ways: how a chosen value is shown, how custom fields are written, what PUT does
to what it does not name, how long batches and reports take and how they end, in which form the day's end is told.
"""

from emulator.career.symplicity.urls import SYMPLICITY

__all__ = ["SYMPLICITY"]
