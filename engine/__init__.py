"""The engine: a pure core, a thin shell around it, and the ports it speaks through."""
