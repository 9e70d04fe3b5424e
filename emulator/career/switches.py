"""How one emulated tenant behaves: what real systems differ in, and what nobody knows of them."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(slots=True, kw_only=True)
class Switches:
    """Each is tried in both positions. Those of one platform begin with its name."""

    page_limit: int = 500
    batch_limit: int = 200
    retention: timedelta = timedelta(days=30)
    calls_per_minute: int | None = None
    mail_on_login_change: bool = True
    etag_ignored: bool = False
    trims: bool = False
    lowers_emails: bool = False
    put_replaces: bool = True
    patch_replaces: bool = False
    students_modified_since: bool = True
    newest_first: bool = False

    # Hivebrite
    hivebrite_token_life: int = 7200
    """Seconds."""
    hivebrite_refresh_rotates: bool = True
    """A refresh token is good for one use, and another comes with the new access token."""
    hivebrite_bare_lists: bool = False
    """Lists and accounts come without the name around them."""
    hivebrite_total_of_all: bool = True
    """`x-total` counts all users, also where only the changed ones are listed."""
    hivebrite_overflow_is_404: bool = True
    """A page behind the last one is an error, not an empty page."""
    hivebrite_order_ignored: bool = False
    """The parameter `order` does nothing."""
    hivebrite_since_extended: bool = True
    """`updated_since` means the whole profile; else only the user's own properties."""
    hivebrite_jobs_in_profile: bool = True
    """The full profile brings the user's experiences."""
    hivebrite_put_replaces: bool = False
    """PUT empties what it does not name."""
    hivebrite_customs_replaced: bool = False
    """The custom attributes that a PUT does not name are emptied."""
    hivebrite_approval_moves: bool = True
    """To approve a user moves her `updated_at`."""
    hivebrite_mentor_touched: bool = True
    """A mentor profile's time moves when a mentee is accepted."""
    hivebrite_mentor_word: str = "active"
    """The status of a mentor who can be asked."""

    # Symplicity CSM
    symplicity_per_page: int = 500
    """The longest page."""
    symplicity_choice_key: str = "label"
    """What a chosen value is called beside its `id`; empty: it comes with its id alone."""
    symplicity_bare_picklists: bool = True
    """A picklist is a plain list, not one below `models`."""
    symplicity_customs_nested: bool = False
    """Custom fields are taken up only below `customFields`, not beside the others."""
    symplicity_error_status: int = 422
    """The status under which a value that can never be accepted is refused; 200: as if all were well."""
    symplicity_put_replaces: bool = False
    """PUT empties what it does not name."""
    symplicity_batch_replaces: bool = False
    """The same of what a batch does not name."""
    symplicity_batch_seconds: int = 4
    """How long a batch takes."""
    symplicity_batch_ends: str = "completed"
    """What becomes of a batch; anything else than `completed` has changed nothing. A `cancelled` one answers for its elements."""
    symplicity_bulk_status: int = 429
    """The answer to a batch while another one is at work."""
    symplicity_report_seconds: int = 90
    """How long a report runs."""
    symplicity_report_ends: str = "complete"
    """What becomes of a run; `cancelled`: somebody stopped it."""
    symplicity_report_days: int = 2
    """The saved report lists who changed in so many days."""
    symplicity_reset: str = "seconds"
    """How `X-Rate-Limit-Reset` says when the day ends: `seconds`, `epoch` or `text`."""
    symplicity_midnight_hours: int = 0
    """When the day of the calls' count ends, in hours after midnight UTC."""
    symplicity_calls_per_day: int = 10_000
