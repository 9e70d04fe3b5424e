"""The durable shelves between the stations, on SQLAlchemy Core."""
