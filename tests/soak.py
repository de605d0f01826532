"""Breaks an installation at random, from a seed, while notifications stream through it, and holds what came of it against
the gateway's own log. Run by `./run soak`; tests/system/test_soak.py is its short form.

    soak.py [--minutes 30] [--seed N] [--kills N] [--devices N] [--one-role] [--without NAMES] [--only NAMES] [--hold SECONDS] [--build DIR]

The seed is printed first; with it the same faults come in the same order again. --kills N: nothing but kill -9 of every
process, N times. --only cut,deaf --hold 30: these kinds alone, each for half a minute.
"""
import argparse
import contextlib
import datetime
import itertools
import os
import random
import time

import installation as installations
import scenario
from lab import until
from oracle import Oracle, Violation
from stream import Stream, devices_of, logged_token

# After so many faults everything is let come to rest and checked.
FAULTS_A_ROUND = 12
MOST_GROWTH = 64 << 20
MORE_DESCRIPTORS = 48
# Emptying Redis has tests of its own (redis_lost*); `--without ''` puts it among the others.
LEFT_OUT = ("FLUSHALL",)


class Soak:
    def __init__(self, installation, seed, devices, sizes, say=print):
        self.installation, self.seed, self.say = installation, seed, say
        self.secret = f"canary{seed % 1_000_000}"
        self.devices = devices_of(installation.lab.emulator, devices, self.secret)
        self.sizes, self.began, self.steps = sizes, time.time(), 0
        self.oracle = Oracle(installation, {each["device_id"]: logged_token(each) for each in self.devices})
        self.stream = Stream(installation, self.devices, seed, sizes)
        self.base = {}

    def prepare(self):
        """Registers the devices, and launches to all of them once without faults: that is the base of memory and files."""
        node = self.installation.fronts()[0]
        refused = [line for line in node.import_devices(self.devices) if line["status"] != 201]
        assert not refused, refused[:3]
        self.stream.resume()
        until("some notifications without faults", lambda: self.stream.number > 30, 120)
        self.rest()
        self.base = self.sizes_of_processes()

    def sizes_of_processes(self):
        return {name: (self.installation.resident_bytes(name), self.installation.descriptors(name))
                for name in self.installation.nodes}

    def run(self, kinds, faults, seconds):
        """So many faults, or so many seconds of them."""
        ends = time.monotonic() + seconds
        self.stream.resume()
        rested, full = 0, False
        with contextlib.ExitStack() as held:
            for step in itertools.islice(scenario.steps(self.seed, kinds), faults):
                if time.monotonic() > ends:
                    break
                # A Redis 7.0 that dies while its disk is full may not load its file again: docs/journal.md.
                if not step.joins or (full and step.target == "redis"):
                    held.close()
                    full = False
                    if step.number - rested > FAULTS_A_ROUND:
                        rested = step.number - 1
                        self.rest()
                        self.stream.resume()
                    time.sleep(step.pause)  # the scenario's own time, drawn from the seed
                held.enter_context(self.break_it(step))
                full = full or (step.kind.name, step.target) == ("disk full", "redis")
                time.sleep(step.seconds)
        self.rest()

    @contextlib.contextmanager
    def break_it(self, step):
        fault = step.kind.make(self.installation, step.target)
        self.note(f"{step}")
        self.steps += 1
        with fault:
            yield
        senders = self.installation.senders()
        rounds = 1 + fault.rounds * (fault.ended - fault.began)
        self.oracle.put_at_risk(fault.unrecorded + installations.AT_RISK * sum(name in senders for name in fault.hurts),
                                int(installations.OPEN * sum(name in senders for name in fault.loses) * rounds))
        if step.seconds:
            self.note(f"{step.number}: healed")

    def note(self, what):
        now = datetime.datetime.now(datetime.timezone.utc)
        line = f"{now:%H:%M:%S.%f}"[:-3] + f" +{time.time() - self.began:.1f} s  {what}"
        self.oracle.faults.append(line)
        self.say(line)

    def rest(self):
        """Without faults everything comes back by itself, and every call that was answered with 2xx completes. Then it is judged."""
        self.installation.wait_well()
        launched = self.stream.pause()
        unfinished = [launched]

        def finished():
            unfinished[0] = self.unfinished(launched)
            return not unfinished[0]
        try:
            until("every notification to complete", finished, 240, 0.3)
        except AssertionError:
            self.oracle.fail("G1", f"{len(unfinished[0])} of {len(launched)} notifications did not complete without faults",
                             next(each for each in launched if each.identity in unfinished[0]))
        self.oracle.lines = []
        doubled = self.oracle.check(launched)
        left = {}

        def empty():
            left.clear()
            left.update(self.oracle.check_journal())
            return not left
        try:
            until("the journal to be empty", empty, 30, 0.3)
        except AssertionError:
            self.oracle.fail("G24", f"everything is settled, and the journal still has {left}")
        self.note(f"at rest: {len(launched)} notifications fit, {doubled} pushes of theirs were doubled; {self.oracle.pushes:,} "
                  "pushes so far")

    def unfinished(self, launched):
        """Ids that are not completed, or not settled."""
        left = set()
        for at in range(0, len(launched), 500):
            ids = ",".join(f"'{each.identity}'" for each in launched[at:at + 500])
            left.update(row[0] for row in self.installation.stores.query(
                f"SELECT public_id FROM notifications WHERE public_id IN ({ids}) AND completed_at = 0"))
        return left

    def judge_the_rest(self):
        """What must hold at the end, beside what every rest showed."""
        self.once_each()
        until("memory and descriptors to be back at their base", lambda: not self.grown(), 60, 1.0)
        self.nothing_secret()
        crashed = [(name, code) for name, code, may_abort in self.installation.restarts
                   if code in (-4, -7, -8, -11) or code == -6 and not may_abort]
        if crashed:
            self.oracle.fail("G21", f"crashed: {crashed}")
        return self.installation.restarts

    def once_each(self):
        """G2: as many notifications as there were keys."""
        (count,), = self.installation.stores.query("SELECT COUNT(*) FROM notifications")
        if int(count) != self.oracle.checked:
            self.oracle.fail("G2", f"{self.oracle.checked} keys were answered with 2xx, and there are {count} notifications")

    def grown(self):
        now = self.sizes_of_processes()
        return {name: now[name] for name in now if now[name][0] > self.base[name][0] + MOST_GROWTH
                or now[name][1] > self.base[name][1] + MORE_DESCRIPTORS}

    def nothing_secret(self):
        """No log names a push token or an API key."""
        for name, node in self.installation.nodes.items():
            log = (node.directory / "node.log").read_text(errors="replace")
            for secret in (self.secret, self.secret.encode().hex(), node.key, *self.gateway_secrets()):
                if secret in log:
                    line = next(line for line in log.splitlines() if secret in line)
                    self.oracle.fail("logs", f"{name}'s log has a secret: {line[:500]}")

    def gateway_secrets(self):
        """Lines of keys that nobody may ever print."""
        ready = self.installation.lab.emulator.ready
        with open(ready["apns_key_file"], encoding="ascii") as key:
            yield from (line.strip() for line in key if "-----" not in line and len(line) > 20)
        with open(ready["hms_app_secret_file"], encoding="ascii") as secret:
            yield secret.read().strip()

    def summary(self, ends):
        oracle = self.oracle
        return (f"{self.steps} faults in {time.time() - self.began:.0f} s; {oracle.checked} notifications, whose calls were "
                f"repeated {self.stream.repeats} times for want of a 2xx; {oracle.pushes:,} pushes taken by the gateway, {oracle.doubled} of them "
                f"doubled (the faults put {oracle.at_risk_in_all:,} at risk), {oracle.unknown} unknown; {len(ends)} processes started again")


def chosen(kinds, without, only, hold):
    """Those that were asked for; `hold`: for how many seconds what lasts is to last."""
    kinds = [each for each in kinds if not any(name in each.name for name in without)
             and (not only or any(name in each.name for name in only))]
    for each in kinds:
        if hold and each.seconds[1]:
            each.seconds = (hold, hold)
    return kinds


def soak(seed, devices, faults, seconds, only_kills=False, one_role=False, without=LEFT_OUT, only=(), hold=0, say=print):
    """Prints the seed first and what it found last; raises at the first violation."""
    say(f"seed {seed}", flush=True)
    sizes = [1] * 12 + [10] * 3 + [100, 1000, devices // 10, devices]
    with installations.Installation(one_role=one_role, clocks=not only_kills) as installation:
        kinds = scenario.kills_of(installation) if only_kills else chosen(scenario.kinds_of(installation), without, only, hold)
        assert kinds, f"there is no kind of fault named {', '.join(only)}: {', '.join(each.name for each in scenario.kinds_of(installation))}"
        run = Soak(installation, seed, devices, sizes, say=lambda line: say(line, flush=True))
        try:
            run.prepare()
            run.run(kinds, faults, seconds)
            ends = run.judge_the_rest()
        except (Violation, AssertionError):
            say(f"replay with --seed {seed}", flush=True)
            raise
        finally:
            run.stream.stop()
        say(run.summary(ends), flush=True)
        return run


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--devices", type=int, default=100_000)
    parser.add_argument("--one-role", action="store_true")
    parser.add_argument("--without", default=",".join(LEFT_OUT), help="kinds of faults to leave out, with commas: clock,disk full")
    parser.add_argument("--only", default="", help="nothing but these kinds")
    parser.add_argument("--hold", type=float, default=0, help="seconds that each fault lasts, unless it is over at once")
    parser.add_argument("--build", default=os.environ.get("PUSHER_BUILD_DIR"))
    given = parser.parse_args()
    os.environ["PUSHER_BUILD_DIR"] = given.build
    installations.in_own_mounts()

    def named(given):
        return [each for each in given.split(",") if each]
    # As many kills as were asked for, however long they take; else as many faults as fit into the minutes.
    soak(given.seed, given.devices, given.kills or None, 3600 * 24 if given.kills else 60 * given.minutes,
         only_kills=given.kills > 0, one_role=given.one_role, without=named(given.without), only=named(given.only), hold=given.hold)


if __name__ == "__main__":
    main()
