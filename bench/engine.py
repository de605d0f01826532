"""One node with stores of its own, whole: how its cost grows with the audience, what many small notifications cost beside one
large, what trouble at the gateway costs (as ratios to the plain case of the same run), and how long after a call the first push leaves.

engine.py [--devices 10000,100000,1000000] [--rounds 3] [--only growth,small,trouble,first]
"""
import argparse
import datetime
import statistics
import threading
import time

from lab import Lab
from peers.accounting import Meter
from peers.receipts import Receipts

BLOCK = 50_000
SMALL, EACH = 1_000, 10
FIRSTS = 20  # launches for each round of `first`
LEAD = 20  # seconds in which many notifications are created before the moment that is theirs
MOST = 0.95  # of the devices: with trouble it is measured until so many were accepted, as the rest may have to wait for long
TROUBLED = 500_000  # devices before troubled gateways: enough for what is sent again to fall into the time that is measured
TROUBLE = {
    "plain": (), "5 % answer 503": ("--answer-rate", "503:0.05"), "5 % answer 429": ("--answer-rate", "429:0.05"),
    "GOAWAY every 1,000": ("--goaway-every", "1000"), "cut every 5,000": ("--drop-every", "5000"),
    "latency 50 ms": ("--delay-ms", "50"), "latency 200 ms": ("--delay-ms", "200")}


def devices(first, count):
    for number in range(first, first + count):
        yield {"device_id": f"d-{number}", "gateway": "fcm", "platform": "android",
               "push_token": f"token-{number}-" + "x" * 130, "properties": {"plan": "pro", "level": number % 50}}


class Engine:
    """A node with so many devices before an emulator with such flags."""

    def __init__(self, count, flags=(), sections=None):
        self.count, self.lab, self.sections = count, Lab(emulator_flags=flags), sections or {}

    def __enter__(self):
        self.node = self.lab.node(sections={"embedded": {"buffer_pool": "256M"}, **self.sections}).start()
        self.node.make_key()
        self.node.checks_answers = False
        for first in range(0, self.count, BLOCK):
            self.node.import_devices(devices(first, min(BLOCK, self.count - first)))
        self.pids = {"node": self.node.process.pid, **self.node.store_pids()}
        return self

    def __exit__(self, *failure):
        self.lab.__exit__(*failure)

    def launch(self, audience, at=None, name="news"):
        """Now, or at that moment; the emulator's log knows its pushes by the name."""
        when = {"scheduled_at": at.isoformat().replace("+00:00", "Z")} if at else {"launch": True}
        status, made, _ = self.node.call("POST", "/v1/notifications", {
            "content": {"title": "Hello", "body": "World", "data": {"notification": name}}, "audience": audience, **when})
        assert status == 201, made
        return made["id"]

    def run(self, audiences, name="news"):
        """Launches all of them (several at one moment, which they were scheduled for); gives seconds, CPU seconds by process, peak bytes of the node, and what `inspect` says holds it back."""
        meter, before = Meter(self.pids), self.lab.emulator.arrived()
        launched, told = [], []
        if len(audiences) > 1:
            at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=LEAD)
            launched = [self.launch(audience, at) for audience in audiences]
            left = (at - datetime.datetime.now(datetime.timezone.utc)).total_seconds()
            assert left > 0, "they were not created in time"
            time.sleep(left)
        meter.begin()
        begun = time.time()
        ended = threading.Event()

        def ask():
            while not ended.wait(2):
                try:
                    use = self.node.inspected("status")["utilisation"]
                except AssertionError:  # an actor that is too busy to answer is a problem to `status`, and none to this
                    continue
                busy = {each["stage"]: each["busy_permille"] // 10 for each in use["stages"]}
                told.append((use["held_back_by"], busy))
        asking = threading.Thread(target=ask)
        asking.start()
        try:
            if not launched:
                launched.append(self.launch(audiences[0], name=name))
            # Of many the one that was created last: to ask for a thousand of them would be measured as well.
            self.node.wait_completed(launched[-1], 1800)
        finally:
            ended.set()
            asking.join()
        used = meter.end()
        ends = [self.node.wait_completed(each) for each in launched]
        accepted = sum(each["counts"]["accepted"] for each in ends)
        # As the engine says: who asks for it now and then learns of it late.
        seconds = max(moment(each["completed_at"]) for each in ends) - begun
        self.lab.emulator.statistics()
        return {"pushes": accepted, "seconds": seconds, "cpu": {name: each["cpu_seconds"] for name, each in used.items()},
                "peak": used["node"]["peak_bytes"], "attempts": self.lab.emulator.arrived() - before, "told": told}


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def per_100k(run):
    return sum(run["cpu"].values()) * 100_000 / run["pushes"]


def median_of(runs, of):
    return statistics.median(map(of, runs))


def line(name, runs, plain=None):
    cost, speed = median_of(runs, per_100k), median_of(runs, lambda run: run["pushes"] / run["seconds"])
    parts = " + ".join(f"{name} {median_of(runs, lambda run, name=name: run['cpu'][name] * 100_000 / run['pushes']):.2f}"
                       for name in runs[0]["cpu"])
    ratio = ""
    if plain:
        ratio = (f"; {cost / median_of(plain, per_100k):.2f} of its CPU, "
                 f"{speed / median_of(plain, lambda run: run['pushes'] / run['seconds']):.2f} of its speed")
    told = runs[-1]["told"]
    held = f"; held back by {told[-1][0] or 'nothing'} (busy: {', '.join(f'{k} {v} %' for k, v in told[-1][1].items())})" if told else ""
    print(f"{name:<22} {speed:8,.0f}/s  {cost:5.2f} CPU s per 100,000 ({parts}), "
          f"node at most {max(run['peak'] for run in runs) / 2 ** 20:.0f} MiB{ratio}{held}", flush=True)
    return runs


def growth(sizes, rounds):
    plain = None
    for size in sizes:
        with Engine(size) as engine:
            # Small audiences are gone in a moment: several, one after the other, are measured as one.
            times = max(1, 100_000 // size)
            runs = []
            for _ in range(rounds):
                parts = [engine.run([{"all": True}]) for _ in range(times)]
                runs.append({**parts[-1], "pushes": sum(each["pushes"] for each in parts), "seconds": sum(each["seconds"] for each in parts),
                             "cpu": {name: sum(each["cpu"][name] for each in parts) for name in parts[0]["cpu"]},
                             "peak": max(each["peak"] for each in parts)})
            assert all(run["pushes"] == size * times for run in runs), runs
            made = line(f"{size:,} devices", runs, plain)
            plain = plain or made


def small(rounds):
    count = SMALL * EACH
    with Engine(count) as engine:
        named = [{"device_ids": [f"d-{number}" for number in range(first, first + EACH)]} for first in range(0, count, EACH)]
        large, many = [], []
        for _ in range(rounds):
            large.append(engine.run([{"all": True}]))
            many.append(engine.run(named))
        assert all(run["pushes"] == count for run in (*large, *many))
        line("one large", large)
        line(f"{SMALL:,} of {EACH} devices", many, large)


def trouble(size, rounds):
    runs = {name: [] for name in TROUBLE}
    for name, flags in TROUBLE.items():
        # A slow gateway has enough to do with fewer.
        count = min(size, 100_000) if name.startswith("latency") else size
        with Engine(count, flags) as engine:
            for number in range(rounds):
                # A name of its own: the emulator answers with an error what comes for the first time under a name.
                called, begun = f"{name} {number}", time.time()
                run = engine.run([{"all": True}], called)
                rows = [row for row in engine.lab.emulator.log() if row[3] == called]
                run["seconds"] = Receipts(rows, {row[2] for row in rows}).seconds_until(MOST, begun * 1e6) / MOST
                runs[name].append(run)
        # What is cut off without an answer is unknown, and not sent again.
        assert all(run["pushes"] > MOST * count for run in runs[name]), name
        line(name, runs[name], runs["plain"] if name != "plain" else None)


def first(size, rounds):
    """From before the call that launches to all until the gateway has the first of its pushes, nothing else being under way."""
    begun = {}
    with Engine(size) as engine:
        for number in range(FIRSTS * rounds):
            name = f"first-{number}"
            begun[name] = time.time()
            engine.node.wait_completed(engine.launch({"all": True}, name=name), 600)
        arrived = {}
        for at, _, _, name, *_ in engine.lab.emulator.log():
            arrived[name] = min(int(at) / 1e6, arrived.get(name, float("inf")))
    waited = sorted((arrived[name] - at) * 1000 for name, at in begun.items())
    print(f"call to first push     median {statistics.median(waited):.1f} ms, p99 {waited[(len(waited) * 99) // 100]:.1f} ms "
          f"({len(waited)} notifications to {size:,} devices)", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--devices", default="10000,100000,1000000")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="growth,small,trouble,first")
    given = parser.parse_args()
    sizes, only = [int(each) for each in given.devices.split(",")], given.only.split(",")
    if "growth" in only:
        growth(sizes, given.rounds)
    if "small" in only:
        small(given.rounds)
    if "trouble" in only:
        trouble(min(TROUBLED, max(sizes)), given.rounds)
    if "first" in only:
        first(min(100_000, max(sizes)), given.rounds)


if __name__ == "__main__":
    main()
