"""The readable account of a demo: about a hundred lines of tables, made from the same facts as ``demo.json``."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from demo.story import Act

Facts = Mapping[str, Any]


def print_account(console: Console, facts: Facts, acts: Sequence[Act]) -> None:
    """Print what happened, in the order in which one would ask."""
    _print_acts(console, acts)
    _print_people(console, facts)
    _print_fields(console, facts)
    _print_requests(console, facts)
    _print_why(console, facts)
    _print_sum(console, facts)


def _print_acts(console: Console, acts: Sequence[Act]) -> None:
    for number, act in enumerate(acts, start=1):
        console.print(Text(f"{number}. {act.title}", style="bold"), Text(f"({act.seconds:.1f} s)", style="dim"))
        for line in act.seen:
            console.print(Text(f"   {line}"))


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, header_style="dim", no_wrap=column not in {"outcome", "Task"}, min_width=len(column))
    return table


def _print_people(console: Console, facts: Facts) -> None:
    links, people = facts["links"], facts["people"]
    table = _table("\nPeople", "contacts", "accounts", "linked", "to review", "new", "precision", "recall", "refused by the CRM")
    refused = ", ".join(f"{count:,} {code}" for code, count in people["refused_by_the_crm"].items())
    dropped = ", ".join(f"{count:,} values of {name}" for name, count in people["values_refused_by_the_crm"].items())
    table.add_row(
        f"{people['contacts']:,}",
        f"{people['accounts']:,}",
        *(f"{links[name]:,}" for name in ("automatic", "review", "proposed_new")),
        _share(links["precision"]),
        _share(links["recall"]),
        refused or "none",
    )
    console.print(table)
    if dropped:
        console.print(Text(f"The CRM cannot hold {dropped}: those rows were loaded without them."))


def _share(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.2%}"


def _print_fields(console: Console, facts: Facts) -> None:
    written = facts["fields_written"]
    for title, values in (("to careers", written["to_career"]), ("to the career profiles", written["to_crm"])):
        text = ", ".join(f"{name} {count:,}" for name, count in values.items())
        console.print(Text(f"Values written {title}: ", style="bold"), Text(text or "none"), sep="")
    said = facts["suggestions"]
    words = ("accepted", "accepted_with_changes", "rejected", "withdrawn", "open")
    text = ", ".join(f"{said[word]:,} {word.replace('_', ' ')}" for word in words)
    console.print(Text("Suggestions: ", style="bold"), Text(f"{said['raised']:,} raised; {text}"), sep="")


def _print_requests(console: Console, facts: Facts) -> None:
    requests = facts["requests"]
    title = f"\nCareer requests: {requests['received']} received, {requests['tasks']} Tasks"
    table = _table(title, "request", "in Salesforce", "officer", "Task", "outcome", "careers read")
    for line in requests["list"]:
        table.add_row(
            line["request"],
            line["crm_state"] or "(not stored)",
            line["owner"] or "",
            line["task"] or "",
            line["outcome"] or line["stop_reason"] or "",
            line["careers_read"] or "NOTHING",
        )
    console.print(table)
    for line in requests["list"]:
        if line["message"] and line["careers_read"] == "refused":
            console.print(Text(f"   {line['request']}: {line['message']}", style="dim"))


def _print_why(console: Console, facts: Facts) -> None:
    if facts["why"]:
        console.print()
        console.print(Text("\n".join(facts["why"].strip().splitlines()[:16])))


def _print_sum(console: Console, facts: Facts) -> None:
    calls, quiet = facts["api_calls"], facts["quiet_cycle"]
    console.print(
        Text(
            f"\nAPI calls: {calls['crm']:,} to Salesforce, {calls['career']:,} to careers; a quiet cycle: "
            f"{quiet['calls']['crm']} and {quiet['calls']['career']}. Writes to Contact by the bridge: "
            f"{facts['contact_writes']}. Mails to alumni: {facts['mails_to_alumni']}."
        )
    )
    for note in facts["notes"]:
        console.print(Text(f"Note: {note}", style="dim"))
    for what, notes in facts["differences"].items():
        console.print(Text(f"Where {what}, this differs from plain Salesforce and the generic contract:", style="dim"))
        for note in notes:
            console.print(Text(f"   {note}", style="dim"))
    for note in facts["missing"]:
        console.print(Text(f"Not in this data: {note}", style="dim"))
    for failure in facts["failures"]:
        console.print(Text(f"FAILED: {failure}", style="bold red"))
    if not facts["failures"]:
        console.print(Text("Everything that must hold held.", style="bold green"))
