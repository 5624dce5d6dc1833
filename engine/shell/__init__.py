"""The imperative shell: load, ask the core, commit."""
