"""Files in a folder as a way to a career system: tables that are taken once and whole, and tables that are handed over."""
