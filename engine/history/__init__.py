"""Entries, their canonical bytes, and the chain that makes a change visible."""
