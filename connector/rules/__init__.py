"""The compiler of mapping files: read, check, compile."""
