"""The words that invented people are made of: names by country, employers, titles, studies."""

import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

EMPLOYERS = (
    "Northwind Energy", "Acme Robotics", "Blue Heron Bank", "Cedar & Sons", "Delta Freight", "Evergreen Health",
    "Firth Analytics", "Granite Insurance", "Halcyon Media", "Ionwave Systems", "Juniper Grove Schools", "Kestrel Aviation",
    "Lumen Biotech", "Meridian Consulting", "Nimbus Software", "Orchard Foods", "Pacific Rim Shipping", "Quarry Lane Capital",
    "Redwood Legal", "Saffron Textiles", "Tidewater Utilities", "Ursa Mining", "Vantage Point Research", "Westgate Hospital",
    "Yellowstone Outfitters", "Zephyr Motors", "City of Riverbend", "State Department of Parks", "Öresund Wind",
    "Studio Näsström",
)  # fmt: skip
TITLES = (
    "Software Engineer", "Senior Software Engineer", "Product Manager", "Attorney", "Partner", "Nurse Practitioner",
    "Teacher", "Principal", "Financial Analyst", "Portfolio Manager", "Civil Engineer", "Project Engineer", "Founder",
    "Chief of Staff", "Consultant", "Senior Consultant", "Research Scientist", "Marketing Director", "Data Scientist",
    "Architect", "Journalist", "Policy Adviser", "Physician", "Retired", "Operations Lead", "Head of People",
)  # fmt: skip
MAJORS = (
    "Computer Science", "Mechanical Engineering", "Civil Engineering", "Electrical Engineering", "Economics", "History",
    "Biology", "Chemistry", "Physics", "Mathematics", "Political Science", "Psychology", "English", "Philosophy", "Nursing",
    "Business Administration", "Fine Arts", "Music", "Law", "Public Health",
)  # fmt: skip
DEGREES = ("BA", "BSc", "BEng", "MA", "MSc", "MBA", "JD", "PhD")
INTERESTS = (
    "renewable energy", "start-ups", "public service", "teaching", "biotech", "machine learning", "film", "sports",
    "non-profits", "law", "finance", "design", "logistics", "sustainability", "health care",
)  # fmt: skip
INDUSTRIES = (
    "Educational Services", "Finance and Insurance", "Health Care and Social Assistance", "Information", "Manufacturing",
    "Professional, Scientific, and Technical Services", "Public Administration", "Utilities",
)  # fmt: skip
OUTCOMES = (
    "Employed Full Time", "Employed Part Time", "Volunteer Service", "Military Service", "Continuing Education",
    "Seeking Employment", "Seeking Continuing Education", "Not Seeking",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """A name as it is written in Latin letters; ``familiar`` and ``native`` are empty where it has no such form."""

    latin: str
    familiar: str = ""
    native: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Country:
    """What people of one country are called and where they live. ``cities``: name, state, pattern of the postcode."""

    code: str
    share: int
    name: str
    women: tuple[Name, ...]
    men: tuple[Name, ...]
    last: tuple[Name, ...]
    cities: tuple[tuple[str, str, str], ...]
    streets: tuple[str, ...]


@lru_cache(maxsize=1)
def countries() -> tuple[Country, ...]:
    """All countries of ``locales.toml``."""
    found = tomllib.loads((Path(__file__).parent / "locales.toml").read_text(encoding="utf-8"))
    return tuple(
        Country(
            code=table["region"],
            share=table["share"],
            name=table["country"],
            women=tuple(map(_name, table["women"])),
            men=tuple(map(_name, table["men"])),
            last=tuple(map(_name, table["last"])),
            cities=tuple((city, state, postcode) for city, state, postcode in table["cities"]),
            streets=tuple(table["streets"]),
        )
        for table in found.values()
    )


def _name(text: str) -> Name:
    latin, _, native = text.partition("/")
    latin, _, familiar = latin.partition("=")
    return Name(latin=latin, familiar=familiar, native=native)
