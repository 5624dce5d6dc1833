"""duban.cli."""
