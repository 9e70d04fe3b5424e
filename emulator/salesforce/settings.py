"""What an organisation's administrators or editions decide, and the open questions of which both answers can be tried."""

from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class Settings:
    """The settings of one organisation; `Control.settings` changes them.

    `daily_limit` is the API requests of a rolling day. `unique_in_bin` (whether records in the recycle bin hold their
    unique values) and `tasks_touch_contacts` (whether any write of a Task moves the stamp of its contact) are open
    questions on the real platform. `archive_days` is the age at which activities are archived, `session_hours` the life
    of a session. `read_only` is maintenance mode. `strict_tokens` refuses JWTs that live too long. `bin_days` is how long
    the recycle bin keeps records, `delete_log_days` how far back the log of deletes goes.

    `replica_lag` lets queries see what was so many seconds ago. `concurrent_limit` is how many requests may run for 20
    seconds or more (25; 5 in Developer Edition). `job_polls` is how often a bulk job or deploy says that it is not done.
    `bulk_page` is how many records a page of a bulk query's results has, unless the client asks for fewer or more.
    `flavour` is what the organisation is built on (see `flavours`), chosen when it is made; `packaged` whether EDA's names
    carry the package's prefix, `email_trigger` whether EDA or NPSP decide Contact.Email. `keep_history` is for how many seconds
    writes can be lost again (`Control.lose_commits`).
    """

    daily_limit: int = 100_000
    unique_in_bin: bool = False
    archive_days: int = 365
    session_hours: float = 2.0
    read_only: bool = False
    is_sandbox: bool = True
    strict_tokens: bool = False
    tasks_touch_contacts: bool = False
    newest_version: int = 67
    oldest_version: int = 21
    bin_days: float = 15
    delete_log_days: float = 15
    replica_lag: float = 0
    concurrent_limit: int = 25
    job_polls: int = 0
    bulk_page: int = 50_000
    flavour: str = "plain"
    packaged: bool = True
    email_trigger: bool = True
    keep_history: float = 0
