"""The generic career-services system: our documented REST contract, emulated (`docs/career-api.md`)."""

from emulator.career.models import Actor, CareerSystem, Kind, Tenant
from emulator.career.switches import Switches
from emulator.career.urls import CareerApp

__all__ = ["Actor", "CareerApp", "CareerSystem", "Kind", "Switches", "Tenant"]
