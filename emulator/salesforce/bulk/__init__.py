"""Bulk API: many records as files. Version 2.0 over REST, version 1.0 over /services/async."""
