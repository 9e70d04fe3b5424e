"""What the demo has to know of each career platform: how its accounts are called, how its staff ask, and what differs there."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from demo.people import People, Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """One career platform, by the name of the bridge's profile.

    ``path`` is what its address ends in. ``accounts_of`` gives the accounts of the input as the platform has them, None: as
    they are. ``settings`` are lines of ``[career.settings]``, ``secrets`` the secret ones; ``key``: the bridge has a key there.
    ``own_pages``: people work through the platform's own pages, which are no API. ``beside``: the requests are with the small
    service beside it. ``lag``: so long the bridge may not see what is changed there. ``files``: the office's programs exchange
    tables with the bridge in a folder; ``manner`` is how they carry ours in. ``alumni_file``: alumni can file requests
    themselves there. ``lacks``: fields of the contract that it has no place for. ``units``: the mapping's units that are called
    otherwise. ``differences`` say why the account differs from the generic contract's.
    """

    name: str
    label: str
    path: str = ""
    accounts_of: Callable[[People], Iterable[Person]] | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    key: bool = True
    beside: bool = False
    lag: timedelta = timedelta(0)
    files: bool = False
    manner: Mapping[str, object] = field(default_factory=dict)
    own_pages: bool = True
    alumni_file: bool = False
    lacks: frozenset[str] = frozenset()
    units: Mapping[str, str] = field(default_factory=dict)
    differences: tuple[str, ...] = ()

    def unit(self, name: str) -> str:
        """What the composed mapping calls a unit of the shipped one."""
        return self.units.get(name, name)

    def table(self, url: str, key: str, folder: Path) -> str:
        """What ``[[career]]`` says for it: where the system is, a reference to the bridge's key there, the shared folder."""
        lines = {"profile": self.name}
        lines |= {"folder": str(folder)} if self.files else {"url": url + self.path}
        lines |= {"key": key} if self.key else {}
        lines |= {"requests_url": url + GENERIC.path, "requests_key": key} if self.beside else {}
        settings = {**self.settings, **dict.fromkeys(self.secrets, key)}
        told = ", ".join(f'{name} = "{text}"' for name, text in settings.items())
        return "\n".join([*(f'{name} = "{text}"' for name, text in lines.items()), f"settings = {{ {told} }}"])

    @property
    def suggested(self) -> tuple[str, ...]:
        """The units some of whose first differences the administrator makes into suggestions."""
        units = {"employment": "employer", "preferred_name": "preferred_name"}
        return tuple(self.unit(name) for name, column in units.items() if column not in self.lacks)

    def holds(self, fields: Iterable[str]) -> bool:
        """Whether it has a place for all of these fields."""
        return self.lacks.isdisjoint(fields)

    def enrolled(self, people: People) -> People:
        """The same people, with accounts as the platform has them."""
        if self.accounts_of is None:
            return people
        made = {old.record_id: new for old, new in zip(people.accounts, self.accounts_of(people), strict=True)}
        truth = people.truth and {made[name].record_id: contacts for name, contacts in people.truth.items()}
        return replace(people, accounts=tuple(made.values()), truth=truth)


def _numbered(form: str) -> Callable[[People], Iterable[Person]]:
    """Accounts that are called by their numbers."""
    return lambda people: (
        replace(person, record_id=form.format(number)) for number, person in enumerate(people.accounts, start=1000)
    )


def _students(people: People) -> Iterator[Person]:
    """Accounts that the registrar's file made: called by the university's id, and with an address to log in with.

    A second account of one person, and one of somebody whose id nobody knows, were made by hand.
    """
    known = {person.record_id: person.values.get("University_ID__c") for person in people.contacts}
    owners, taken = people.truth or {}, set[str]()
    for number, person in enumerate(people.accounts):
        ids = [id for contact in sorted(owners.get(person.record_id, ())) if (id := known[contact])]
        username = next((id for id in ids if id not in taken), f"guest-{number:04d}")
        login = person.values.get("login_email", "")
        # of two people with one address, the second cannot log in with it
        login = login if login and login not in taken else f"{username}@students.example"
        taken |= {username, login}
        yield Person(record_id=username, values={**person.values, "login_email": login})


GENERIC = Platform(name="generic", label="the generic contract", path="/bridge/v1", own_pages=False, alumni_file=True)

PLATFORMS: Mapping[str, Platform] = {
    platform.name: platform
    for platform in (
        GENERIC,
        Platform(
            name="12twenty",
            label="12twenty",
            accounts_of=_numbered("c-{}"),
            settings={"staff_visibility_id": "3"},
            units={"employment": "employer"},
            differences=(
                "birth dates and home phones have no place there: fewer people are recognised by themselves",
                "employer and title are two fields: the employer is suggested to Alumni Relations and never written there",
                "nothing there tells who edited: suggestions name nobody, and none is marked as made by the alumna herself",
                "requests are staff notes: counsellors write those of alumni for them",
                "each account is read just before it is written: more calls",
            ),
        ),
        Platform(
            name="hivebrite",
            label="Hivebrite",
            accounts_of=_numbered("{}"),
            settings={"admin_email": "bridge@university.example", "client_id": "demo"},
            secrets=("password", "client_secret"),
            key=False,
            beside=True,
            differences=(
                "employer and title are read from the present experience: suggested to Alumni Relations, never written there",
                "mentors are read from the mentoring programmes, once an hour",
                "nothing there tells who edited: suggestions name nobody, and none is marked as made by the alumna herself",
                "nothing there tells which of two accounts of a person leads: staff decide in identity reviews",
                "requests are with the small service beside it, whose whole list is read each time",
                "there are no staff-only notes: what was put back is told to nobody there",
                "each account is read just before it is written, 300 calls a minute at most: more calls, and more time",
            ),
        ),
        Platform(
            name="symplicity_csm",
            label="Symplicity CSM",
            accounts_of=_numbered("{:032x}"),
            settings={"alumni_field": "applicantType", "alumni_words": "Alumni", "report": "41"},
            beside=True,
            lag=timedelta(hours=1),
            differences=(
                "nothing there lists changes: a saved report does, once an hour; the demo has everybody read instead of waiting",
                "addresses are kept in custom fields",
                "nothing there tells who edited: suggestions name nobody, and none is marked as made by the alumna herself",
                "nothing there tells which of two accounts of a person leads: staff decide in identity reviews",
                "requests are with the small service beside it, whose whole list is read each time",
                "there are no staff-only notes: what was put back is told to nobody there",
                "each account is read just before it is written, 10 calls a second at most; six and more changes go as a batch",
            ),
        ),
        Platform(
            name="csv_drop",
            label="tables in a folder",
            key=False,
            files=True,
            differences=(
                "no calls: the office's programs export and import tables just before and after each command of the bridge's",
                "what was handed over is not known to have arrived until the next table shows it",
                "nothing there tells who edited: suggestions name nobody, and none is marked as made by the alumna herself",
                "there are no staff-only notes: what was put back is told to nobody there",
            ),
        ),
        Platform(
            name="handshake",
            label="Handshake",
            accounts_of=_students,
            settings={"graduates_of_months": "0", "alumni_every_days": "1"},
            key=False,
            files=True,
            manner={"strict_month": False},
            lacks=frozenset(
                {
                    *("employer", "title", "email_personal", "address.street"),
                    *("consents.mentoring", "do_not_contact", "deceased"),
                }
            ),
            differences=(
                "the registrar made the accounts: most people are recognised by the university's id, their username",
                "names and mobile numbers alone are written there, and come back as suggestions: fewer of both",
                "there is no place for opt-outs: those who opt out tell Alumni Relations",
                "no calls: staff export students, and upload our files to the Importer, around each command of the bridge's",
                "this tenant may send a file a day with alumni of all years; usual is one a month with recent graduates",
                "today's file is that of going live: what changes later waits for tomorrow's",
                "nothing there tells who edited: suggestions name nobody, and none is marked as made by the alumna herself",
                "requests are tables in the same folder",
                "there are no staff-only notes: what was put back is told to nobody there",
            ),
        ),
    )
}
"""The platforms that the demo can play on."""
