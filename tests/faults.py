"""Faults as values: each has a name, a target and an inverse, and leaving its block heals it.

    with stopped(installation, "n2"):
        ...

`fault.hurts` names the nodes whose pushes it may double: what they had open or not yet recorded when it began.
"""
import signal
import time

# Where the inverse of a fault is not at once its end (a killed process comes back), the check after it waits for that.


class Fault:
    """What is broken while its block lasts."""

    def __init__(self, name, target, start, stop=None, hurts=()):
        self.name, self.target, self.hurts = name, target, tuple(hurts)
        self.start, self.stop = start, stop or (lambda: None)
        self.began = self.ended = None

    def __enter__(self):
        self.began = time.time()
        self.start()
        return self

    def __exit__(self, *failure):
        self.stop()
        self.ended = time.time()

    def __str__(self):
        return f"{self.name} {self.target}"


def whom(installation, target):
    """The nodes that notice when a process is hurt: a node itself, or all of them for a store."""
    return [target] if target in installation.nodes else list(installation.nodes)


# -- processes ---


def killed(installation, target):
    """kill -9; the supervisor starts it again. A store that was killed has what it acknowledged: nobody's push is at risk."""
    hurts = [target] if target in installation.nodes else []
    return Fault("kill -9", target, lambda: installation.signal(target, signal.SIGKILL), hurts=hurts)


def terminated(installation, target):
    """SIGTERM: a polite end."""
    return Fault("SIGTERM", target, lambda: installation.signal(target, signal.SIGTERM))


def stopped(installation, target):
    """SIGSTOP, and SIGCONT at its end. While Redis stands still every heartbeat grows old."""
    return Fault("SIGSTOP", target, lambda: installation.signal(target, signal.SIGSTOP),
                 lambda: installation.signal(target, signal.SIGCONT), whom(installation, target))


# -- networks ---


def link(installation, verb, node, place, *amounts):
    """A verb of the relay between a node and redis, mariadb, gateway or cluster (the other nodes' way to it)."""
    relay = installation.relays[node, place]
    return Fault(verb, f"{node}-{place}", lambda: getattr(relay, verb)(*amounts), relay.pass_on,
                 [node] if place in ("redis", "gateway") else [])


# -- Redis ---


def redis_full(installation):
    """OOM: Redis takes nothing that needs memory."""
    redis = installation.stores.redis_command

    def start():
        redis("CONFIG", "SET", "maxmemory-policy", "noeviction")
        redis("CONFIG", "SET", "maxmemory", 1 << 20)

    return Fault("OOM", "redis", start, lambda: redis("CONFIG", "SET", "maxmemory", 0))


def disk_full(installation, what):
    """The file system of Redis's AOF (MISCONF), or of the nodes' logs, has no byte left."""
    balloon = installation.disks[what] / "balloon"

    def start():
        with open(balloon, "wb", buffering=0) as file:
            try:
                while file.write(bytes(1 << 16)):
                    pass
            except OSError:
                pass

    return Fault("disk full", what, start, lambda: balloon.unlink(missing_ok=True))


# -- gateways ---


def gateway_fails(installation, gateway, how):
    """All pushes of one gateway are answered so: 503, 429, 500 or hang."""
    control = installation.lab.emulator.control
    # What hangs was processed by nobody: no push of it is at risk of being doubled.
    return Fault(f"gateway {how}", gateway, lambda: control(gateway=gateway, fail=how),
                 lambda: control(gateway=gateway, fail="none"))


def gateway_late(installation, milliseconds):
    """Pushes are taken at once and answered after the request's time-out."""
    control = installation.lab.emulator.control
    usual = installation.delay_ms
    return Fault("late answers", "gateways", lambda: control(delay_ms=milliseconds), lambda: control(delay_ms=usual),
                 list(installation.nodes))


def gateway_order(installation, order):
    """GOAWAY, closed connections, or access tokens that are no longer good: done once."""
    return Fault(order, "gateways", lambda: installation.lab.emulator.control(**{order: True}),
                 hurts=list(installation.nodes) if order == "close_connections" else ())


# -- one process's machine ---


def clock_jump(installation, node, seconds):
    """The wall clock of one process is wrong by so much; that of the database is not."""
    file = installation.clocks[node]
    return Fault(f"clock {seconds:+d} s", node, lambda: file.write_text(f"{seconds:+d}\n"), lambda: file.write_text("+0\n"))


def few_descriptors(installation, node):
    """It can open no more files or connections than it has."""
    def limit(count):
        installation.run("prlimit", f"--pid={installation.pid(node)}", f"--nofile={count}:")

    def start():
        limit(installation.descriptors(node))

    return Fault("descriptors", node, start, lambda: limit(installation.most_descriptors))


def starved(installation):
    """Two processes that do nothing but compute take most of the machine's cores."""
    busy = []

    def stop():
        for each in busy:
            each.kill()
            each.wait()

    return Fault("starvation", "machine", lambda: busy.extend(installation.burn() for _ in range(2)), stop)
