"""One TCP connection, and how it is made, lost and made again."""
