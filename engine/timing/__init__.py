"""Days, instants and spans: what a deadline is counted in."""
