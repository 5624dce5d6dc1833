"""The pure core: values in, a decision out; no clock, database, network or log."""
