"""Pusher beside what others use to send pushes, in one run on one machine against the same gateway emulator.

    peers.py [--devices 100000] [--rounds 5] [--only NAME,...] [--gateway fcm,apns,webpush] [--cores one,both] [--delay-ms N]
             [--answer-rate STATUS:SHARE]... [--no-kill] [--json FILE] [--svg FILE] [--node PATH] [--gorush PATH] [--build DIR]

docs/performance.md, "Against others", says how it is measured and what came of it.
"""
import argparse
import json
import os
import pathlib
import platform
import re
import signal
import sys

from peers import table
from peers.durable import BullmqFirebaseAdmin, BullmqHttp2, Pusher
from peers.gorush import Gorush
from peers.measure import measure
from peers.plot import svg
from peers.scene import Conditions
from peers.survival import killed_in_mid_run
from peers.systems import FirebaseAdmin, H2load, NodeApn, NodeHttp2, PushClient, WebPush
from peers.tools import Tools

SYSTEMS = (H2load, PushClient, NodeHttp2, FirebaseAdmin, NodeApn, WebPush, Gorush, Pusher, BullmqHttp2, BullmqFirebaseAdmin)
GATEWAYS = ("fcm", "apns", "webpush")
CORES = {"one": "one core for the system, one for the emulator", "both": "two cores for all"}


def listed(known):
    def parse(text):
        names = text.split(",")
        for name in names:
            if name not in known:
                raise argparse.ArgumentTypeError(f"there is no '{name}' here: {', '.join(known)}")
        return names
    return parse


def at_least(least):
    def parse(text):
        if not text.isdigit() or int(text) < least:
            raise argparse.ArgumentTypeError(f"must be a number from {least}")
        return int(text)
    return parse


def answer_rate(text):
    if not re.fullmatch(r"(429|500|503):0?\.[0-9]+", text):
        raise argparse.ArgumentTypeError("must be STATUS:SHARE, of 429, 500 or 503, e.g. 503:0.05")
    return text


def arguments():
    options = argparse.ArgumentParser(prog="./run bench peers", description=__doc__.split("\n", 1)[0])
    options.add_argument("--devices", type=at_least(100), default=100_000, help="pushes of a measurement (%(default)s)")
    options.add_argument("--rounds", type=at_least(1), default=5, help="of all systems in turn (%(default)s)")
    options.add_argument("--only", type=listed([each.name for each in SYSTEMS]), help="these systems alone, of " +
                         ", ".join(each.name for each in SYSTEMS))
    options.add_argument("--gateway", type=listed(GATEWAYS), default=["fcm"], help="fcm, apns, webpush (fcm)")
    options.add_argument("--cores", type=listed(CORES), default=list(CORES),
                         help="one: the emulator has a core for itself, the system another; both: all share two (one,both)")
    options.add_argument("--delay-ms", type=at_least(0), default=0, help="the gateway's latency (0)")
    options.add_argument("--answer-rate", type=answer_rate, action="append", default=[], metavar="STATUS:SHARE",
                         help="the first push to this share of the devices is answered so, e.g. 429:0.05")
    options.add_argument("--no-kill", action="store_true", help="without the kill -9 in mid-run")
    options.add_argument("--json", type=pathlib.Path, help="write everything that was measured to this file")
    options.add_argument("--svg", type=pathlib.Path, help="write a picture to this file")
    options.add_argument("--node", help="the Node for the peers (the one in PATH)")
    options.add_argument("--gorush", type=os.path.abspath, help="a gorush binary, to measure it too; needs root")
    options.add_argument("--build", default=os.environ.get("PUSHER_BUILD_DIR", "build/release"), help="where Pusher is built")
    return options.parse_args()


def say(text):
    print(text, file=sys.stderr, flush=True)


class Run:
    def __init__(self, options):
        self.options, self.tools = options, Tools(options.build, options.node, options.gorush)
        chosen = [each for each in SYSTEMS if not options.only or each.name in options.only]
        self.tools.install(any(each.needs_npm for each in chosen))
        self.systems, self.broken = [], []
        for each in chosen:
            if why := self.tools.missing(each):
                say(f"{each.name} is left out: {why}")
            else:
                self.systems.append(each)

    def systems_for(self, conditions):
        return [each for each in self.systems if conditions.gateway in each.gateways
                and (each.takes_faults or not conditions.answer_rates)]

    def round(self, conditions, number, rounds):
        for each in self.systems_for(conditions):
            try:
                found = measure(each, self.tools, conditions, self.devices_for(each))
            except AssertionError as why:
                # One that breaks down costs its own figures, and not those of the others.
                self.broken.append(f"{conditions.gateway}, {conditions.cores}, round {number}: {each.name} broke down: {why}")
                say(self.broken[-1])
                continue
            rounds[each.name].append(found)
            say(f"{conditions.gateway}, {conditions.cores}, round {number}: {each.name} {found['pushes_per_second']:,.0f}/s, "
                f"{found['cpu_seconds_per_100k']:.2f} CPU s{': ' + '; '.join(found['faults']) if found['faults'] else ''}")

    def devices_for(self, system):
        # Encrypting in JavaScript takes ten times as long as all else; a tenth of the devices tells as much.
        return max(1000, self.options.devices // 10) if system is WebPush else self.options.devices

    def measured(self, variants):
        """Results by conditions; the rounds of all variants and systems are interleaved."""
        rounds = [{each.name: [] for each in self.systems_for(conditions)} for conditions in variants]
        for number in range(1, self.options.rounds + 1):
            for conditions, kept in zip(variants, rounds):
                self.round(conditions, number, kept)
        return [[{"name": each.name, "title": each.title, "keeps": each.keeps, "rounds": kept[each.name],
                  "median": table.summary(kept[each.name])} for each in self.systems_for(conditions)]
                for conditions, kept in zip(variants, rounds)]

    def kills(self):
        conditions, made = Conditions(self.options.gateway[0], "both"), []
        for each in self.systems_for(conditions):
            if hasattr(each, "kill"):
                found = killed_in_mid_run(each, self.tools, conditions, self.options.devices)
                made.append({"name": each.name, "title": each.title, **found})
                say(f"killed in mid-run: {each.name}: {found['lost']:,} missing, {found['doubled']:,} doubled")
        return made

    def machine(self):
        lines = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
        return {"cpu": model, "cpus": os.cpu_count(), "kernel": platform.release(), "node": self.tools.node_version(),
                "gorush": self.tools.gorush_version(), "packages": self.tools.versions()}


def main():
    options = arguments()
    if len(os.sched_getaffinity(0)) < 2:
        raise SystemExit("This needs two CPUs: one for the gateway emulator, one for the system under test.")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is ended on the way out
    run = Run(options)
    variants = []
    for gateway in options.gateway:
        for cores in options.cores:
            variants.append(Conditions(gateway, cores, options.delay_ms, options.answer_rate))
            if options.answer_rate:
                variants.append(Conditions(gateway, cores, options.delay_ms))
    results = run.measured(variants)
    kills = [] if options.no_kill or options.answer_rate or options.delay_ms else run.kills()
    tell(run, variants, results, kills)
    if run.broken or any(each["median"]["faults"] for group in results for each in group if each["rounds"]):
        raise SystemExit(1)


def tell(run, variants, results, kills):
    options = run.options
    for conditions, group in zip(variants, results):
        print(f"\n{conditions.sentence(CORES)}, {options.devices:,} devices, medians of {options.rounds} interleaved rounds\n")
        print("\n".join([*table.measured(group), "", *table.disturbed(group)]))
        for each in group:
            for fault in each["median"]["faults"] if each["rounds"] else ():
                print(f"{each['name']}: {fault}")
    if options.answer_rate:
        for number in range(0, len(variants), 2):
            print(f"\n{variants[number].sentence(CORES)}: until 95 % are accepted\n")
            print("\n".join(table.beside_none(results[number], results[number + 1])))
    for each in run.broken:
        print(each)
    if kills:
        print("\nkill -9 of the sending process in mid-run; what keeps its work is started again at once\n")
        print("\n".join(table.killed(kills)))
    machine = run.machine()
    if options.json:
        options.json.write_text(json.dumps({
            "machine": machine, "devices": options.devices, "rounds": options.rounds, "kills": kills, "broken": run.broken,
            "results": [{**conditions.described(), "systems": group} for conditions, group in zip(variants, results)]},
            indent=1) + "\n")
    if options.svg:
        groups = [(conditions.sentence(CORES), group) for conditions, group in zip(variants, results)]
        options.svg.write_text(svg(groups, f"{machine['cpu']}, Linux {machine['kernel']}, Node {machine['node']}"))


if __name__ == "__main__":
    main()
