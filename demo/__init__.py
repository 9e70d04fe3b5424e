"""A whole working day of the bridge between two emulated systems: ``python -m demo``, or ``make demo``."""
