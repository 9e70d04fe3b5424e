"""SOQL's date literals: what TODAY or LAST_N_DAYS:30 mean at a moment in a time zone, as a half-open range of days."""

import re
from datetime import date, timedelta


def days_of(name: str, count: int, today: date) -> tuple[date, date]:
    """First day of the period and first day after it. Weeks begin on Sunday [documentation]."""
    day = timedelta(1)
    fixed = {
        "TODAY": (today, today + day),
        "YESTERDAY": (today - day, today),
        "TOMORROW": (today + day, today + 2 * day),
        "LAST_90_DAYS": (today - 90 * day, today + day),
        "NEXT_90_DAYS": (today + day, today + 91 * day),
        "LAST_N_DAYS": (today - count * day, today + day),
        "NEXT_N_DAYS": (today + day, today + (count + 1) * day),
        "N_DAYS_AGO": (today - count * day, today - (count - 1) * day),
    }
    return fixed.get(name) or _units(name.replace("FISCAL_", ""), count, today)


def _units(name: str, count: int, today: date) -> tuple[date, date]:
    unit = re.sub(r".*?(WEEK|MONTH|QUARTER|YEAR)S?(_AGO)?$", r"\1", name)
    if name.endswith("_AGO"):
        return _start(unit, today, -count), _start(unit, today, 1 - count)
    if name.startswith("LAST_N_"):
        return _start(unit, today, -count), _start(unit, today, 0)
    if name.startswith("NEXT_N_"):
        return _start(unit, today, 1), _start(unit, today, count + 1)
    shift = {"LAST": -1, "THIS": 0, "NEXT": 1}[name.split("_", maxsplit=1)[0]]
    return _start(unit, today, shift), _start(unit, today, shift + 1)


def _start(unit: str, today: date, shift: int) -> date:
    match unit:
        case "WEEK":
            sunday = today - timedelta((today.weekday() + 1) % 7)
            return sunday + timedelta(weeks=shift)
        case "MONTH":
            return _month(today.year, today.month + shift)
        case "QUARTER":
            return _month(today.year, (today.month - 1) // 3 * 3 + 1 + 3 * shift)
        case _:
            return date(today.year + shift, 1, 1)


def _month(year: int, month: int) -> date:
    extra, index = divmod(month - 1, 12)
    return date(year + extra, index + 1, 1)
