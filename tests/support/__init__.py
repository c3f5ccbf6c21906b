"""Fakes, drivers and small functions that the tests share.  README.rst says when to use each."""
