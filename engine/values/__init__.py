"""The values that everything works on. Never changed, only replaced."""
