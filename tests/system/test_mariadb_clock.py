"""The clock of MariaDB, by which leases and due times go, is set an hour forward or back in the middle of a campaign: what is under
way completes all the same, and nothing is sent twice."""
import os
import pathlib
import sys
import time

from invariants import check_accepted_once, check_counts
from lab import Lab, until

CANNOT = 77  # what ctest takes for "skipped"
DEVICES = [{"device_id": f"d-{n}", "gateway": "fcm", "platform": "android", "push_token": f"ok-{n}"} for n in range(3_000)]
# Unlike tests/shifted_clock/ it also moves the moments that a thread waits for, which MariaDB's do by the wall clock.
FAKETIME = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)


class ClockFile:
    """What libfaketime reads at each look at the clock; replaced as a whole, so that nobody reads half of it."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.write_text("+0\n")

    def write_text(self, text):
        fresh = self.path.with_suffix(".new")
        fresh.write_text(text)
        fresh.rename(self.path)


def set_in_mid_run(node, emulator, stores, clock, name, offset):
    status, made, _ = node.call("POST", "/v1/notifications", {
        "content": {"title": name, "data": {"notification": name}}, "audience": {"all": True}, "launch": True})
    assert status == 201, made
    until("pushes to arrive", lambda: sum(row[3] == name for row in emulator.log()) > 300)
    since = time.monotonic()
    clock.write_text(f"{offset:+d}\n")
    (told,), = stores.query("SELECT UNIX_TIMESTAMP()")
    assert abs(int(told) - time.time() - offset) < 60, (told, offset)
    node.wait_completed(made["id"])
    rows = check_counts(node, made["id"], len(DEVICES))
    assert {row["outcome"] for row in rows.values()} == {"accepted"}, name
    check_accepted_once(node, made["id"], DEVICES, emulator, name)
    print(f"{name}: completed {time.monotonic() - since:.1f} s after the clock was set", flush=True)


def main():
    if FAKETIME is None:
        print("skipped: there is no libfaketime here (install faketime)", flush=True)
        sys.exit(CANNOT)
    with Lab(emulator_flags=("--delay-ms", "50")) as lab:
        stores, clock = lab.stores(), ClockFile(lab.directory / "clock-mariadb")
        stores.mysql_environment = {
            **os.environ, "LD_PRELOAD": str(FAKETIME), "FAKETIME_TIMESTAMP_FILE": str(clock.path),
            "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"}
        stores.start()
        node = lab.node(sections={**stores.sections(), "limits": {"connections_per_credential": 2}}).start()
        node.make_key()
        node.import_devices(DEVICES)
        for offset in (3_600, 0, -3_600):
            set_in_mid_run(node, lab.emulator, stores, clock, f"to{offset:+d}", offset)
        assert node.stop() == 0


if __name__ == "__main__":
    main()
