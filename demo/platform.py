"""What the demo has to know of each career platform: how its accounts are called, how its staff ask, and what differs there."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from demo.people import People, Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """One career platform, by the name of the bridge's profile.

    ``path`` is what its address ends in. ``account_id`` gives the id of the n-th account, None: accounts keep the ids of the
    input. ``settings`` are lines of ``[career.settings]``, ``secrets`` the secret ones; ``key``: the bridge has a key there.
    ``own_pages``: people work through the platform's own pages, which are no API. ``beside``: the requests are with the small
    service beside it. ``alumni_file``: alumni can file requests themselves there. ``units``: the mapping's units that are called
    otherwise. ``differences`` say why the account differs from the generic contract's.
    """

    name: str
    label: str
    path: str = ""
    account_id: Callable[[int], str] | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    key: bool = True
    beside: bool = False
    own_pages: bool = True
    alumni_file: bool = False
    units: Mapping[str, str] = field(default_factory=dict)
    differences: tuple[str, ...] = ()

    def unit(self, name: str) -> str:
        """What the composed mapping calls a unit of the shipped one."""
        return self.units.get(name, name)

    def table(self, url: str, key: str) -> str:
        """What ``[[career]]`` says for it; ``url``: where the system is; ``key``: a reference to the bridge's key there."""
        lines = {"profile": self.name, "url": url + self.path, **({"key": key} if self.key else {})}
        lines |= {"requests_url": url + GENERIC.path, "requests_key": key} if self.beside else {}
        settings = {**self.settings, **dict.fromkeys(self.secrets, key)}
        told = ", ".join(f'{name} = "{text}"' for name, text in settings.items())
        return "\n".join([*(f'{name} = "{text}"' for name, text in lines.items()), f"settings = {{ {told} }}"])

    def renumbered(self, people: People) -> People:
        """The same people, their accounts called as the platform calls them."""
        if self.account_id is None:
            return people
        ids = {person.record_id: self.account_id(number) for number, person in enumerate(people.accounts)}
        accounts = tuple(Person(record_id=ids[person.record_id], values=person.values) for person in people.accounts)
        truth = None if people.truth is None else {ids[name]: contacts for name, contacts in people.truth.items()}
        return People(source=people.source, contacts=people.contacts, accounts=accounts, truth=truth, notes=people.notes)


GENERIC = Platform(name="generic", label="the generic contract", path="/bridge/v1", own_pages=False, alumni_file=True)

PLATFORMS: Mapping[str, Platform] = {
    platform.name: platform
    for platform in (
        GENERIC,
        Platform(
            name="12twenty",
            label="12twenty",
            account_id=lambda number: f"c-{1000 + number}",
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
            account_id=lambda number: str(1000 + number),
            settings={"admin_email": "bridge@university.example", "client_id": "demo"},
            secrets=("password", "client_secret"),
            key=False,
            beside=True,
            differences=(
                "employer and title are read from the present experience: suggested to Alumni Relations, never written there",
                "mentors are read from the mentoring programmes, once an hour",
                "nothing there tells who edited: suggestions name nobody, and none is marked as made by the alumna herself",
                "requests are with the small service beside it, whose whole list is read each time",
                "there are no staff-only notes: what was put back is told to nobody there",
                "each account is read just before it is written, 300 calls a minute at most: more calls, and more time",
            ),
        ),
    )
}
"""The platforms that the demo can play on."""
