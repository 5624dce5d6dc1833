"""Channels: each takes a notice or raises NotDelivered; `choosing.notifier` makes one of a URL."""
