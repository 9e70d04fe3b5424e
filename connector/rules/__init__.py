"""The compiler of mapping files: TOML in ``mappings/`` to the values of the core, every problem at once."""

from connector.rules.compile import load_rules

__all__ = ["load_rules"]
