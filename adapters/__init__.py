"""duban.adapters."""
