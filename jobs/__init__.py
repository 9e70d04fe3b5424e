"""Scheduled jobs: each module says what runs and how often, and calls one function of the engine."""
