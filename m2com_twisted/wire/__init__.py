"""Turns messages into lines and back, and cuts bytes into lines."""
