"""The career side: one configured career system behind the port `CareerSide`."""
