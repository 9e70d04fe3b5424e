"""The ways on which career requests travel, chosen apart from the platform: by contract, as notes, as files."""
