"""12twenty's REST API, version 2, over an emulated tenant, as far as vendor pages and public code show it.

What is not known is a switch of `settings`, to be tried both ways: whether students take `ModifyFromDate`, whether PUT
replaces the whole record, and in which order lists come.
"""

from emulator.career.twelvetwenty.urls import TWELVETWENTY

__all__ = ["TWELVETWENTY"]
