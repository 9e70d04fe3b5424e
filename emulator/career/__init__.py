"""The generic career-services system: our documented REST contract, emulated (`docs/career-api.md`)."""

from emulator.career.models import CareerSystem, Tenant
from emulator.career.records import Actor, Kind
from emulator.career.switches import Switches
from emulator.career.urls import CareerApp

__all__ = ["Actor", "CareerApp", "CareerSystem", "Kind", "Switches", "Tenant"]
