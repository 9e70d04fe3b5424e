"""Hivebrite's Admin API over an emulated tenant, as far as the vendor's page and public code show it.

What is not known is a switch, to be tried both ways: how tokens are refreshed, what a list's total counts, what `updated_since`
and a full profile include, what PUT does to what it does not name, which word an available mentor has.
"""

from emulator.career.hivebrite.urls import HIVEBRITE

__all__ = ["HIVEBRITE"]
