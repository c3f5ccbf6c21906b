"""Messages as lines, and lines out of chunks of bytes."""
