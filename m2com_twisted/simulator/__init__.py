"""A cell controller to test against."""
