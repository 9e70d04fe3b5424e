"""What a request does that it may not."""


class NotAllowed(Exception):
    """A request that may never leave, or a write in it that the mapping does not permit; its text says what is wrong."""
