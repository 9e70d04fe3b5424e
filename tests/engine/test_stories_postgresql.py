"""The state on PostgreSQL: all stations work there as they do on SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.engine import erasing, first_differences
from connector.engine.report import status, why
from tests.engine.university import University
from tests.systems import SYSTEM


@pytest.fixture
def there(postgresql: str, tmp_path: Path) -> Iterator[University]:
    """A university whose bridge keeps its state on PostgreSQL; nothing has been read yet."""
    new = University(state=tmp_path / "unused.db", address=postgresql)
    yield new
    new.ctx.store.close()


def test_a_day_on_postgresql(there: University) -> None:
    """First load, first differences, going live, edits, a decision, a request, a merge, a restart, a sweep and an erasure."""
    ada, _ = there.alumna(title="Countess")
    there.run()
    first_differences.adopt(there.ctx, "employment", "keep")
    there.go_live()
    there.edit_contact(ada, Title="Analyst")
    there.edit_person("a1", {"last_name": "King", "consents.mentoring": False})
    there.file(type="RESUME_REVIEW")
    there.run()
    assert there.account("a1")["title"] == "Analyst"
    question = there.one("Suggested_Change__c")
    there.crm.edit_as(there.officer, question["Id"], {"Decision__c": "Reject", "Reason__c": "Incorrect"})
    double = there.contact(FirstName="Ada", LastName="Lovelace")
    there.crm.merge_as(there.officer, double, [ada], {"University_ID__c": "U1001"})
    there.restart()
    there.run()
    assert there.one("Suggested_Change__c")["State__c"] == "Rejected"
    assert there.profile()["Contact__c"] == double
    assert there.one("Career_Request__c")["State__c"] == "Queued"
    there.sweep()
    assert status(there.ctx)["stage"] == "live"
    assert why(there.ctx, "a1")
    assert erasing.erase_person(there.ctx, SYSTEM, "a1") > 0
