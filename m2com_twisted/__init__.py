"""The Twisted client of the cell controller of the Rubin Observatory M2."""
