"""Messages that wait for the callback, and the coroutine that calls it."""
