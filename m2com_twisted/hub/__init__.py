"""Many readers of one controller, through a NATS server: publish, read, command.

Needs the extra ``hub``, which brings nats-py.
"""
