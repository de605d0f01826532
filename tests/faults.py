"""Faults as values: each has a name, a target and an inverse, and leaving its block heals it.

    with stopped(installation, "n2"):
        ...

What it may do to pushes: `hurts` names the nodes whose claims may go to others, so that what they had open or not yet
recorded may be sent again; `loses` names those whose gateways' answers it may lose, so that pushes become `unknown`, and are
repeated where the notification allows duplicates; `rounds` says how often a connection's open streams may be lost meanwhile.
"""
import signal
import time

from lab import free_port, until

# How often a connection that is reset or damaged again and again is made anew, at most.
BREAKS_A_SECOND = 4
# limits.request_timeout_seconds of the nodes: after so long a stream without an answer is given up.
TIMEOUT_SECONDS = 5


class Fault:
    """What is broken while its block lasts."""

    def __init__(self, name, target, start, stop=None, hurts=(), loses=(), rounds=1.0):
        self.name, self.target = name, target
        self.hurts, self.loses, self.rounds = tuple(hurts), tuple(loses), rounds
        self.start, self.stop = start, stop or (lambda: None)
        self.began = self.ended = None
        self.unrecorded = 0  # pushes that had no row when the journal was lost

    def __enter__(self):
        self.began = time.time()
        try:
            self.start()
        except BaseException:
            self.stop()  # what was half done
            raise
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
    """kill -9; the supervisor starts it again. Redis has what it acknowledged, but no heartbeat may be left when it is back."""
    hurts = [] if target == "mariadb" else whom(installation, target)
    return Fault("kill -9", target, lambda: installation.end(target, signal.SIGKILL), hurts=hurts)


def terminated(installation, target):
    """SIGTERM: a polite end."""
    return Fault("SIGTERM", target, lambda: installation.end(target, signal.SIGTERM))


def stopped(installation, target):
    """SIGSTOP, and SIGCONT at its end. While Redis stands still every heartbeat grows old. Of a gateway no answer comes."""
    if target == "gateway":
        return Fault("SIGSTOP", target, lambda: installation.signal(target, signal.SIGSTOP),
                     lambda: installation.signal(target, signal.SIGCONT), loses=list(installation.nodes), rounds=1 / TIMEOUT_SECONDS)
    hurts = [] if target == "mariadb" else whom(installation, target)
    return Fault("SIGSTOP", target, lambda: installation.signal(target, signal.SIGSTOP),
                 lambda: installation.signal(target, signal.SIGCONT), hurts)


# -- networks ---


def link(installation, verb, node, place, *amounts):
    """A verb of the relay between a node and redis, mariadb, gateway or cluster (the other nodes' way to it)."""
    relay = installation.relays[node, place]
    return Fault(verb, f"{node}-{place}", lambda: getattr(relay, verb)(*amounts), relay.pass_on,
                 hurts=[node] if place == "redis" else [], loses=[node] if place == "gateway" else [],
                 rounds=BREAKS_A_SECOND if verb in ("reset_after", "corrupt") else 1 / TIMEOUT_SECONDS)


# -- Redis ---


def redis_full(installation):
    """OOM: Redis takes nothing that needs memory."""
    redis = installation.stores.redis_command

    def start():
        redis("CONFIG", "SET", "maxmemory-policy", "noeviction")
        redis("CONFIG", "SET", "maxmemory", 1 << 20)

    return Fault("OOM", "redis", start, lambda: redis("CONFIG", "SET", "maxmemory", 0))


def redis_emptied(installation):
    """FLUSHALL: the journal is gone and is made anew from MariaDB. What was sent and has no row may be sent again."""
    fault = Fault("FLUSHALL", "redis", None, hurts=list(installation.nodes))

    def start():
        fault.unrecorded = installation.unrecorded()
        installation.stores.redis_command("FLUSHALL")

    fault.start = start
    return fault


def redis_older(installation):
    """At its end Redis comes back with the data that it had at its beginning, as from an older copy of its files."""
    fault = Fault("older data", "redis", lambda: installation.keep_redis_files(), hurts=list(installation.nodes))

    def stop():
        fault.unrecorded = installation.unrecorded()
        installation.put_redis_files_back()

    fault.stop = stop
    return fault


def redis_read_only(installation):
    """READONLY: it is the replica of a master that nobody can reach, as after a fail-over that went wrong."""
    redis = installation.stores.redis_command
    nobody = free_port()
    return Fault("READONLY", "redis", lambda: redis("REPLICAOF", "127.0.0.1", nobody), lambda: redis("REPLICAOF", "NO", "ONE"),
                 list(installation.nodes))


# -- MariaDB ---


def last_words(client, sentence):
    """Whatever it says is undone already where MariaDB ended meanwhile."""
    try:
        client.communicate(f"{sentence};\n", timeout=60)
    except BrokenPipeError:
        client.wait()


def few_connections(installation):
    """1040 and 2013: every connection ends, and few are let in again."""
    query, ours = installation.stores.query, []
    connections = "SELECT id FROM information_schema.processlist WHERE db = 'pusher' AND info IS NULL"

    def start():
        identities = [identity for identity, in query(connections)]
        # A connection from before: soon nobody else is let in. A sentence about one that is gone fails alone.
        ours.append(installation.stores.client())
        sentences = ["SET GLOBAL max_connections = 10", *(f"KILL {identity}" for identity in identities)]
        ours[0].stdin.write("".join(f"{each};\n" for each in sentences))
        ours[0].stdin.flush()

    def stop():
        for each in ours:
            last_words(each, "SET GLOBAL max_connections = 151")

    return Fault("connections", "mariadb", start, stop)


def locked_tables(installation):
    """1205: somebody else holds a lock on every table, as a clumsy backup does."""
    holder = []

    def start():
        holder.append(installation.stores.client())
        holder[0].stdin.write("FLUSH TABLES WITH READ LOCK;\n")
        holder[0].stdin.flush()

    def stop():
        for each in holder:
            last_words(each, "UNLOCK TABLES")

    return Fault("locks", "mariadb", start, stop)


def disk_full(installation, what):
    """The file system of Redis's AOF (MISCONF), of the nodes' logs, or of MariaDB's rows (1114), has no byte left."""
    balloon = installation.disks[what] / "balloon"
    before = []

    def rewritten():
        return sum(len(node.events("journal.file_rewritten")) for node in installation.nodes.values())

    def refusals():
        return [line for line in installation.stores.redis_command("info", "errorstats") if "MISCONF" in line]

    def start():
        before.extend([rewritten(), refusals()])
        with open(balloon, "wb", buffering=0) as file:
            try:
                while file.write(bytes(1 << 16)):
                    pass
            except OSError:
                pass

    def stop():
        balloon.unlink(missing_ok=True)
        # Redis 7.0 may have damaged its file meanwhile, and should not die before the leader had it made anew. One that has
        # refused nothing (since it was started again) need not be.
        if what == "redis":
            until("Redis's file to be made anew", lambda: refusals() in ([], before[1]) or rewritten() > before[0], 60)

    # A Redis that cannot write takes no heartbeat either.
    return Fault("disk full", what, start, stop,
                 list(installation.nodes) if what == "redis" else [])


# -- gateways ---


def gateway_fails(installation, gateway, how):
    """All pushes of one gateway are answered so: 503, 429, 500 or hang."""
    control = installation.lab.emulator.control
    # What hangs was processed by nobody: it is unknown, and not doubled.
    return Fault(f"gateway {how}", gateway, lambda: control(gateway=gateway, fail=how),
                 lambda: control(gateway=gateway, fail="none"))


def gateway_late(installation, milliseconds):
    """Pushes are taken at once and answered after the request's time-out."""
    control = installation.lab.emulator.control
    usual = installation.delay_ms
    return Fault("late answers", "gateways", lambda: control(delay_ms=milliseconds), lambda: control(delay_ms=usual),
                 loses=list(installation.nodes), rounds=1 / TIMEOUT_SECONDS)


def gateway_order(installation, order):
    """GOAWAY, closed connections, or access tokens that are no longer good: done once."""
    return Fault(order, "gateways", lambda: installation.lab.emulator.control(**{order: True}),
                 loses=list(installation.nodes) if order == "close_connections" else ())


# -- one process's machine ---


def clock_jump(installation, node, seconds):
    """The wall clock of one process is wrong by so much; that of the database is not."""
    clock = installation.clocks[node]
    return Fault(f"clock {seconds:+d} s", node, lambda: clock.set(seconds), lambda: clock.set(0))


def few_descriptors(installation, node):
    """It can open no more files or connections than it has."""
    def limit(count):
        installation.run("prlimit", f"--pid={installation.pid(node)}", f"--nofile={count}:")

    def start():
        limit(installation.descriptors(node))

    return Fault("descriptors", node, start, lambda: limit(installation.most_descriptors))


def little_memory(installation, node):
    """It gets no more address space than it has: whoever asks for it fails, and ends the process at worst."""
    def limit(size):
        installation.run("prlimit", f"--pid={installation.pid(node)}", f"--as={size}:")

    def start():
        installation.may_abort.add(installation.pid(node))
        limit(installation.address_space(node))

    return Fault("memory", node, start, lambda: limit("unlimited"), [node])


def starved(installation):
    """Two processes that do nothing but compute take most of the machine's cores."""
    busy = []

    def stop():
        for each in busy:
            each.kill()
            each.wait()

    # Whoever gets no time sends no heartbeat.
    return Fault("starvation", "machine", lambda: busy.extend(installation.burn() for _ in range(2)), stop,
                 list(installation.nodes))
