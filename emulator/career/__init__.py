"""The generic career-services system: our documented REST contract, emulated (`docs/career-api.md`)."""

from emulator.career.models import Actor, CareerSystem, Kind, Switches, Tenant
from emulator.career.urls import CareerApp

__all__ = ["Actor", "CareerApp", "CareerSystem", "Kind", "Switches", "Tenant"]
