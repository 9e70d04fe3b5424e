"""SOQL: a parser and an executor over the tables of one organisation."""
