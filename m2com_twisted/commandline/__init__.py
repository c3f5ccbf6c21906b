"""The subcommands of ``m2com``, one module each."""
