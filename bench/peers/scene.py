"""What one measurement takes place in: the gateway emulator, the devices and what is said, the same for every system."""
import json
import os
import pathlib
import time

from lab import Lab
from waiting import free_port

from .accounting import on

CONTENT = {"title": "Spring sale", "body": "Everything must go by Sunday: half the price, and no postage.",
           "data": {"campaign": "spring"}}
TTL_SECONDS = 3600
WARM_UP = 5000
FIRST = 1_000_000_000


def push_token(gateway, number):
    """What the gateway knows the device by; of a Web Push endpoint its last part."""
    digits = str(FIRST + number)
    if gateway == "apns":
        return ("token-" + digits + "x" * 16).encode().hex()
    return digits + "x" * 140 if gateway == "webpush" else "token-" + digits + "x" * 126


def logged(gateway, number):
    """What the emulator's log calls the device."""
    return ("/wpush/" if gateway == "webpush" else "") + push_token(gateway, number)


class Conditions:
    """`cores`: "one" gives the emulator one CPU and the system under test another; "both" lets all share the two."""

    def __init__(self, gateway="fcm", cores="one", delay_ms=0, answer_rates=()):
        self.gateway, self.cores, self.delay_ms, self.answer_rates = gateway, cores, delay_ms, tuple(answer_rates)
        first, second = sorted(os.sched_getaffinity(0))[:2]
        self.emulator_cpus = {first} if cores == "one" else {first, second}
        self.system_cpus = {second} if cores == "one" else {first, second}

    def emulator_flags(self):
        rates = [flag for each in self.answer_rates for flag in ("--answer-rate", each)]
        # node-apn's connections sign a provider token each, which Apple, and so the emulator, refuses within 20 minutes.
        delay = ["--delay-ms", str(self.delay_ms)] if self.delay_ms else []
        return ["--print-token", "--apns-token-updates-seconds", "0", *delay, *rates]

    def sentence(self, cores):
        faults = "".join(f", {each.split(':')[0]} to {float(each.split(':')[1]):.0%}" for each in self.answer_rates)
        return f"{self.gateway}, {cores[self.cores]}" + (f", latency {self.delay_ms} ms" if self.delay_ms else "") + faults

    def described(self):
        return {"gateway": self.gateway, "cores": self.cores, "delay_ms": self.delay_ms, "answer_rates": list(self.answer_rates)}


class Scene:
    def __init__(self, conditions, devices, build):
        self.conditions, self.devices = conditions, devices
        with on(conditions.emulator_cpus):
            self.lab = Lab(build, emulator_flags=conditions.emulator_flags())
        self.emulator, self.ready = self.lab.emulator, self.lab.emulator.ready
        self.directory = pathlib.Path(self.lab.directory)
        self.api_port = free_port()

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        self.lab.__exit__(*failure)

    def targets(self, count=None):
        """The devices as the emulator's log names them."""
        return [logged(self.conditions.gateway, number) for number in range(count or self.devices)]

    def token_file(self, name, numbers):
        path = self.directory / name
        path.write_text("".join(push_token(self.conditions.gateway, each) + "\n" for each in numbers))
        return str(path)

    def file(self, connections, **more):
        """The same as a file for peers."""
        path = self.directory / "scene.json"
        path.write_text(json.dumps({
            "ready": self.ready, "content": CONTENT, "ttl_seconds": TTL_SECONDS, "expires_at": int(time.time()) + TTL_SECONDS,
            "connections": connections, "api_port": self.api_port, **more}))
        return str(path)
