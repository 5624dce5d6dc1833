"""duban.workflows."""
