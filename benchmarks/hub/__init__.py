"""The hub: what publishing costs, how late readers are, and what an outage does."""
