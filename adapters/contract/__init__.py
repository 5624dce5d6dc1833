"""Conformance suites for ports, for duban's own adapters and for a host's.

They use nothing of pytest but its habits: classes and methods named as tests, and ``tmp_path``.
"""
