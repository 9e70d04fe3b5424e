"""The invented university: the same at every run, valid in form, and with a truth that fits."""

import phonenumbers
import pytest

from demo.people import People
from demo.world import make_world


@pytest.fixture(scope="module")
def world() -> People:
    """A small university."""
    return make_world("a test", contacts=300, accounts=100)


def test_one_seed_makes_one_world(world: People) -> None:
    """Equal seeds give equal people; another seed gives others."""
    assert make_world("a test", contacts=300, accounts=100) == world
    assert make_world("another test", contacts=300, accounts=100) != world


def test_world_has_the_size_that_was_asked_for(world: People) -> None:
    """So many contacts and accounts as asked, each id once."""
    assert (len(world.contacts), len(world.accounts)) == (300, 100)
    assert len({one.record_id for one in world.contacts}) == 300
    assert len({one.record_id for one in world.accounts}) == 100


def test_truth_names_existing_records_only(world: People) -> None:
    """The truth knows every account, and points only to contacts that exist; some accounts are of strangers, some of doubles."""
    assert world.truth is not None
    contacts = {one.record_id for one in world.contacts}
    assert set(world.truth) == {one.record_id for one in world.accounts}
    assert all(found <= contacts for found in world.truth.values())
    counts = {len(found) for found in world.truth.values()}
    assert counts == {0, 1, 2}


def test_telephone_numbers_are_valid_in_their_country(world: People) -> None:
    """Every number of every contact is one that phonenumbers calls valid, read as the mapping reads it."""
    numbers = [one.values[name] for one in world.contacts for name in ("MobilePhone", "HomePhone", "Phone") if name in one.values]
    assert numbers
    assert all(phonenumbers.is_valid_number(phonenumbers.parse(number, "US")) for number in numbers)


def test_second_accounts_name_an_account_that_exists(world: People) -> None:
    """Who has two accounts may say which is the primary one; it exists and is another one."""
    ids = {one.record_id for one in world.accounts}
    told = [(one.record_id, one.values["primary_account_id"]) for one in world.accounts if "primary_account_id" in one.values]
    assert told
    assert all(primary in ids and primary != own for own, primary in told)


def test_names_come_in_more_than_latin_letters(world: People) -> None:
    """Some names carry accents, and some are written in the letters of home."""
    names = "".join(f"{one.values['FirstName']}{one.values['LastName']}" for one in make_world().contacts)
    assert any("\u00c0" <= sign <= "\u024f" for sign in names)
    assert any("\u4e00" <= sign <= "\u9fff" for sign in names)
    assert world.contacts[0].values["LastName"]
