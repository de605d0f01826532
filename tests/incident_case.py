"""An operator's incident: an installation under a campaign, watched by a Prometheus with the shipped rules. The tests do what
docs/incidents.md and docs/operations.md say, and hold three things: the right alarms ring and end, nothing is lost or doubled, and
log and `pusher inspect` say what it is."""
import contextlib

from invariants import check_accepted_once, check_counts
from lab import until
from prometheus import Prometheus, impatient


BUSY = {"PusherStoreSlow", "PusherGatewaySlow"}  # what a busy machine may ring by itself


class Watch:
    def __init__(self, prometheus):
        self.prometheus = prometheus

    def firing(self):
        return self.prometheus.firing() - BUSY

    def rings(self, *names, seconds=60):
        """Until they ring; gives all that do."""
        return until(f"the alarms {names}", lambda: (now := self.firing()) >= set(names) and now, seconds, 0.2)

    def is_quiet(self, but=(), seconds=60):
        """Until no alarm rings; those in `but` look back over minutes."""
        until("the alarms to end", lambda: not self.firing() - set(but), seconds, 0.2)


@contextlib.contextmanager
def watched(lab, *nodes):
    with Prometheus(lab.directory / "prometheus", nodes, impatient(lab.directory)) as prometheus:
        until("all nodes to be scraped", lambda: prometheus.value("sum(up)") == len(nodes))
        watch = Watch(prometheus)
        watch.is_quiet()
        yield watch


def launch(node, title, expected=201, **more):
    status, made, _ = node.call("POST", "/v1/notifications", {
        "content": {"title": title, "data": {"notification": title}}, "audience": {"all": True}, "external_id": title, "launch": True, **more})
    assert status == expected, (status, made)
    return made["id"] if status == 201 else made


def under_way(emulator, pushes, of):
    """Until the gateway has so many pushes of that notification."""
    until("the campaign to be under way", lambda: sum(row[3] == of for row in emulator.log()) >= pushes)


def campaign_under_way(node, emulator):
    """A slow campaign named sale to all, of which the gateway has seen the first hundred pushes; all are in the journal."""
    identity = launch(node, "sale", rate_per_second=800)
    until("fan-out to be done", lambda: node.events("fan_out.done"))
    under_way(emulator, 100, "sale")
    return identity


def all_accepted(node, emulator, identity, title, devices, most_duplicates=0):
    """Every device has its push, by the rows and by the gateway's own log. `title`: None = it has seen no other notification."""
    rows = check_counts(node, identity, len(devices))
    outcomes = {row["outcome"] for row in rows.values()}
    assert outcomes == {"accepted"}, outcomes
    return check_accepted_once(node, identity, devices, emulator, title, most_duplicates)
