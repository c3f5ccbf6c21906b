"""What the client costs, against others in the same run; see README.rst."""
