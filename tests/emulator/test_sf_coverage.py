"""The page that says what is emulated."""

from tests.emulator.coverage import PAGE, page


def test_the_coverage_page_is_current() -> None:
    """emulator/COVERAGE.md says what the tests say; `python -m tests.emulator.coverage` writes it. [C] own."""
    assert PAGE.read_text(encoding="utf-8") == page()
