"""A fresh university for each story."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.schools import Schools
from tests.engine.university import University


@pytest.fixture
def new(tmp_path: Path) -> University:
    """Both systems and the bridge, with nobody in them; nothing has been read yet."""
    return University(state=tmp_path / "state.db")


@pytest.fixture
def uni(new: University) -> University:
    """One alumna (contact and account ``a1``, equal on both sides), linked; the bridge is live."""
    new.ada = new.alumna()[0]
    new.go_live()
    return new


@pytest.fixture
def pair(new: University) -> University:
    """Two alumnae on both sides (``a1`` Ada and ``a2`` Grace), linked; the bridge is live."""
    new.ada = new.alumna()[0]
    new.grace = new.alumna("a2", **GRACE)[0]
    new.go_live()
    return new


GRACE = {
    "institution_id": "U1002",
    "first": "Grace",
    "last": "Hopper",
    "personal": "grace@example.org",
    "mobile": "+12025550188",
    "employer": "Navy",
    "title": "Admiral",
}


@pytest.fixture
def schools(tmp_path: Path) -> Schools:
    """Ada is known to careers (``a1``) and to the law school (``l7``); the bridge is live."""
    schools = Schools(state=tmp_path / "state.db")
    schools.ada = schools.alumna()[0]
    schools.at_law("l7")
    schools.go_live()
    return schools
