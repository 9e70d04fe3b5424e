"""One module for each kind of career system: how it is spoken to. What each is like stands in its profile."""
