"""The tests of m2com_twisted."""
