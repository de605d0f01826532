"""Waiting for what a test cannot command, and ports for what it starts."""
import random
import socket
import time


def until(what, condition, seconds=30.0, interval=0.02):
    """Polls `condition` until it gives a true value, and returns it."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:.0f} s in vain for: {what}")
        time.sleep(interval)


# Descriptors of a name for each port that this process was given, as long as it lives: of several tests at the same time only
# one has it.
_taken = []


def free_port():
    """Below the range from which Linux takes ports for connections: nobody gets it by chance before its owner listens."""
    while True:
        port = random.randrange(20_000, 32_000)
        name = socket.socket(socket.AF_UNIX)
        try:
            name.bind(f"\0pusher-test-port-{port}")
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            name.close()
            continue
        _taken.append(name.detach())
        return port
