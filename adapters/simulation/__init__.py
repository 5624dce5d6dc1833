"""A campaign on a virtual clock: the real engine, store and sweep, with invented behaviour of units."""
