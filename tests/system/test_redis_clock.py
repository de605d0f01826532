"""The clock of Redis is set an hour forward, right again and an hour back in the middle of a campaign: what is under way completes all the
same, and no more is sent twice than what was open at that moment. Whoever dies just before it is set back is missed as fast as ever."""
import os
import time

from invariants import check_counts
from lab import Lab, until
from shifted_clock import ShiftedClock

DEVICES = [{"device_id": f"d-{n}", "gateway": "fcm", "platform": "android", "push_token": f"ok-{n}"} for n in range(3_000)]
OPEN = 600  # what a sender has sent and not recorded at any moment, at most: its connections' streams and a batch of results


def set_clock(clock, stores, seconds):
    clock.set(seconds)
    assert abs(int(stores.redis_command("TIME")[0]) - time.time() - seconds) < 60


def launch(node, name):
    status, made, _ = node.call("POST", "/v1/notifications", {
        "content": {"title": name, "data": {"notification": name}}, "audience": {"all": True}, "launch": True})
    assert status == 201, made
    return made["id"]


def arrived(emulator, name):
    """How often each token was taken."""
    taken = {}
    for row in emulator.log():
        if row[3] == name:
            taken[row[2]] = taken.get(row[2], 0) + 1
    return taken


def check(node, emulator, identity, name):
    node.wait_completed(identity)
    rows = check_counts(node, identity, len(DEVICES))
    assert {row["outcome"] for row in rows.values()} == {"accepted"}, name
    taken = arrived(emulator, name)
    assert len(taken) == len(DEVICES), (name, len(taken))
    doubled = sum(times - 1 for times in taken.values())
    assert doubled <= OPEN, (name, doubled)
    return doubled


def main():
    with Lab(emulator_flags=("--delay-ms", "50")) as lab:
        stores = lab.stores()
        clock = ShiftedClock(lab.directory / "clock-redis", lab.build)
        stores.redis_environment = {**os.environ, **clock.environment}
        stores.start()
        sections = {**stores.sections(), "limits": {"connections_per_credential": 2}}
        node = lab.node(sections=sections).start()
        node.make_key()
        node.import_devices(DEVICES)
        for offset in (3_600, 0, -3_600, 0):
            name = f"to{offset:+d}-{time.monotonic_ns()}"
            identity = launch(node, name)
            until("pushes to arrive", lambda: len(arrived(lab.emulator, name)) > 300)
            since = time.monotonic()
            set_clock(clock, stores, offset)
            doubled = check(node, lab.emulator, identity, name)
            print(f"{offset:+d} s: completed {time.monotonic() - since:.1f} s after the clock was set, {doubled} pushes doubled", flush=True)

        assert node.stop() == 0
        heir_of_the_dead(lab, sections, node.key, lambda: set_clock(clock, stores, -3_600))


def heir_of_the_dead(lab, sections, key, set_back):
    """A sender's heartbeat seems to be good for an hour and more: its claims find a new owner all the same."""
    def started(name, roles):
        return lab.node(name, {**sections, "node": {"name": name, "roles": roles}}).start()
    front, dead = started("front", "api=1,fan-out,result-writer"), started("dead", "push-sender")
    front.key = key
    identity = launch(front, "the dead")
    until("pushes to arrive", lambda: len(arrived(lab.emulator, "the dead")) > 300)
    dead.kill()
    set_back()
    since = time.monotonic()
    heir = started("heir", "push-sender")
    doubled = check(front, lab.emulator, identity, "the dead")
    print(f"a sender died and the clock was set back: completed {time.monotonic() - since:.1f} s after, {doubled} pushes doubled", flush=True)
    assert heir.events("push_sender.took_over"), "the dead one had no claims"
    assert heir.stop() == 0 and front.stop() == 0


if __name__ == "__main__":
    main()
