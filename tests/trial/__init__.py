"""Tests written as a user of trial writes them; run by trial, not by pytest.

A trial TestCase that uses the reactor would run it itself, which under pytest
is pytest-twisted's to do.
"""
