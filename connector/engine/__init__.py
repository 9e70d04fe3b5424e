"""The stations: collect, plan, deliver, and the cycle that runs them."""
