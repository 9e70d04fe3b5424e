"""Metadata API: what a deployed package of files makes of an organisation."""
