"""The ``m2com`` command and the services of twistd."""
