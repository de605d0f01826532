"""From a seed: which fault, on whom, for how long, and what comes next. The same seed gives the same order again.

    for step in steps(seed, kinds_of(installation)):
        ...

What is random is drawn before anything is done, so that the course of a run does not change what follows.
"""
import random

import faults
from installation import LEASE_MS

LEASES = 3 * LEASE_MS / 1000


class Kind:
    """One kind of fault: how often, on whom, how many seconds; `make(installation, target)` gives the fault."""

    def __init__(self, name, weight, targets, seconds, make):
        self.name, self.weight, self.targets, self.seconds, self.make = name, weight, targets, seconds, make


class Step:
    """One fault, begun `pause` seconds after the one before ended; or before that ended, when it joins it."""

    def __init__(self, number, kind, target, seconds, pause, joins):
        self.number, self.kind, self.target = number, kind, target
        self.seconds, self.pause, self.joins = seconds, pause, joins

    def __str__(self):
        joins = "joins it" if self.joins else f"after {self.pause:.1f} s"
        target = "-".join(self.target) if isinstance(self.target, tuple) else self.target
        lasts = f" for {self.seconds:.1f} s" if self.seconds else ""
        return f"{self.number}: {self.kind.name} {target}{lasts}, {joins}"


def steps(seed, kinds):
    """Without end."""
    chance, number = random.Random(f"faults of {seed}"), 0
    while True:
        number += 1
        kind = chance.choices(kinds, [each.weight for each in kinds])[0]
        target = chance.choice(kind.targets)
        seconds, pause = chance.uniform(*kind.seconds), chance.uniform(0.3, 3.0)
        yield Step(number, kind, target, seconds, pause, number > 1 and chance.random() < 0.2)


def kills_of(installation):
    """Nothing but kill -9, of every process."""
    return [Kind("kill -9", 1, [*installation.nodes, "redis", "mariadb"], (0, 0), faults.killed)]


def kinds_of(installation):
    """Every kind that this machine and this user can make."""
    nodes, processes = list(installation.nodes), [*installation.nodes, "redis", "mariadb"]
    senders = installation.senders()
    places = [(node, place) for node, place in installation.relays if place != "gateway" or node in senders]
    # Redis and MariaDB speak without encryption: what a flipped bit does there TCP's checksum alone would notice.
    encrypted = [each for each in places if each[1] in ("gateway", "cluster")]
    away = (1.0, 8.0)

    def over_link(verb, weight, where, seconds, *amounts):
        return Kind(verb, weight, where, seconds, lambda installation, at: faults.link(installation, verb, *at, *amounts))

    made = [
        Kind("kill -9", 8, processes, (0, 0), faults.killed),
        Kind("SIGTERM", 2, nodes, (0, 0), faults.terminated),
        Kind("SIGSTOP", 3, [*processes, "gateway"], (1.0, 5.0), faults.stopped),
        Kind("SIGSTOP", 2, [*processes, "gateway"], (LEASES, LEASES + 1), faults.stopped),
        over_link("cut", 4, places, away),
        over_link("deaf", 3, places, away),
        over_link("refuse", 2, places, away),
        over_link("reset_after", 2, places, away, 100_000),
        over_link("delay", 2, places, away, 0.5, 0.4),
        over_link("rate", 1, places, away, 100_000),
        over_link("slice", 1, places, (0.5, 2.0)),
        over_link("corrupt", 1, encrypted, away, 20_000),
        Kind("OOM", 2, ["redis"], (1.0, 6.0), lambda installation, _: faults.redis_full(installation)),
        Kind("FLUSHALL", 1, ["redis"], (0, 0), lambda installation, _: faults.redis_emptied(installation)),
        Kind("older data", 1, ["redis"], (0.5, 4.0), lambda installation, _: faults.redis_older(installation)),
        Kind("READONLY", 1, ["redis"], (1.0, 5.0), lambda installation, _: faults.redis_read_only(installation)),
        Kind("connections", 1, ["mariadb"], (1.0, 5.0), lambda installation, _: faults.few_connections(installation)),
        Kind("locks", 1, ["mariadb"], (1.0, 8.0), lambda installation, _: faults.locked_tables(installation)),
        Kind("memory", 1, nodes, (1.0, 5.0), faults.little_memory),
        Kind("starvation", 1, ["machine"], (1.0, 3.0), lambda installation, _: faults.starved(installation)),
        Kind("descriptors", 1, nodes, (1.0, 5.0), faults.few_descriptors),
        Kind("late answers", 1, [8_000], (2.0, 6.0), faults.gateway_late),
    ]
    for how, weight in (("503", 2), ("429", 1), ("500", 1), ("hang", 2)):
        # After a 500 of APNs a push waits for a quarter of an hour (gateways.md): longer than a rest.
        whom = ["fcm", "webpush", "hms"] if how == "500" else ["fcm", "apns", "webpush", "hms"]
        made.append(Kind(f"gateway {how}", weight, whom, (1.0, 6.0),
                         lambda installation, gateway, how=how: faults.gateway_fails(installation, gateway, how)))
    for order in ("goaway", "close_connections", "revoke_tokens"):
        made.append(Kind(order, 1, ["gateways"], (0, 0),
                         lambda installation, _, order=order: faults.gateway_order(installation, order)))
    for disk in installation.disks:
        made.append(Kind("disk full", 2, [disk], (1.0, 5.0), faults.disk_full))
    if installation.clocks:
        made += [Kind(f"clock {jump:+d} s", 1, nodes, (2.0, 8.0),
                      lambda installation, node, jump=jump: faults.clock_jump(installation, node, jump)) for jump in (3600, -3600)]
    return made
