"""Standard objects as data: compact JSON files made by `build`, and `handmade.txt` for the small ones."""
