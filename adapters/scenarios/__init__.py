"""Scenarios: time lines with expectations, played on the real engine, a virtual store and its sweep."""
