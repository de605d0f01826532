"""G18: a store away at start or in mid-run: the node lives, says which, stores nothing that it cannot send, and goes on."""
import os
import signal
import time

from invariants import check_accepted_once, check_counts
from lab import Lab, until

DEVICES = [{"device_id": f"d-{n}", "gateway": "fcm", "platform": "android", "push_token": f"token-{n}"}
           for n in range(10_000)]


def failing_checks(node):
    import json
    status, body = node.admin("/readyz")
    return status, {check["name"] for check in json.loads(body)["checks"] if not check["ok"]}


def launch(node, correlation):
    return node.call("POST", "/v1/notifications", {
        "content": {"title": "x", "data": {"notification": correlation}}, "audience": {"all": True}, "launch": True})


def away_at_start(lab):
    stores = lab.stores()
    node = lab.node("late", stores.sections())
    node.start(wait=False)
    until("/livez", lambda: node.admin("/livez")[0] == 200)
    status, _ = until("the failing checks", lambda: (lambda found: found if {"mariadb", "redis"} <= found[1] else None)(
        failing_checks(node)))
    assert status == 503, status
    node.key = "psk_any"
    status, answer, headers = node.call("PUT", "/v1/devices/a", DEVICES[0])
    assert status == 503 and int(headers["Retry-After"]) >= 1, (status, answer)
    stores.start()
    began = time.monotonic()
    node.wait_ready()
    print(f"ready {time.monotonic() - began:.1f} s after the stores were started", flush=True)
    node.make_key()
    node.import_devices(DEVICES[:100])
    status, made, _ = launch(node, "late")
    assert status == 201, made
    node.wait_completed(made["id"])
    stores.stop()
    until("readiness to go", lambda: failing_checks(node)[0] == 503)
    assert node.admin("/livez")[0] == 200
    stores.start()
    until("readiness to come back", lambda: failing_checks(node)[0] == 200)
    status, made, _ = launch(node, "late-2")
    assert status == 201, made
    node.wait_completed(made["id"])
    stores.stop()
    began = time.monotonic()
    assert node.stop() == 0, node.log_tail()
    print(f"ended {time.monotonic() - began:.1f} s after SIGTERM, without stores", flush=True)


def frozen_redis(lab):
    node = lab.node("frozen").start()
    node.make_key()
    node.import_devices(DEVICES)
    pid = node.store_pids()["redis"]
    status, draft, _ = node.call("POST", "/v1/notifications", {"content": {"title": "x"}, "audience": {"all": True}})
    assert status == 201
    os.kill(pid, signal.SIGSTOP)
    try:
        status, answer, headers = launch(node, "frozen")
        assert status == 503 and int(headers["Retry-After"]) >= 1, (status, answer)
        status, answer, _ = node.call("POST", f"/v1/notifications/{draft['id']}:launch")
        assert status == 503, answer
        until("readiness to go", lambda: failing_checks(node)[0] == 503)
        assert "redis" in failing_checks(node)[1]
    finally:
        os.kill(pid, signal.SIGCONT)
    until("readiness to come back", lambda: failing_checks(node)[0] == 200)
    assert node.notification(draft["id"])["state"] == "draft"
    assert len(node.call("GET", "/v1/notifications")[1]["items"]) == 1, "a refused launch was stored"
    return node


def killed_in_mid_run(lab, node):
    for store in ("redis", "mariadb"):
        before = lab.emulator.arrived()
        status, made, _ = launch(node, f"kill-{store}")
        assert status == 201, made
        until("some pushes", lambda b=before: lab.emulator.arrived() >= b + 1000)
        os.kill(node.store_pids()[store], signal.SIGKILL)
        node.wait_completed(made["id"])
        check_counts(node, made["id"], len(DEVICES))
        check_accepted_once(node, made["id"], DEVICES, lab.emulator, f"kill-{store}", most_duplicates=0)
    assert node.stop() == 0, node.log_tail()


def main():
    with Lab(emulator_flags=("--delay-ms", "10")) as lab:
        away_at_start(lab)
        killed_in_mid_run(lab, frozen_redis(lab))


if __name__ == "__main__":
    main()
