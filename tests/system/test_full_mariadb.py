"""G20: MariaDB's disk is full: launching and registering answer 503 with Retry-After once there is no room, every node that needs
the room says so, what was answered with 2xx is kept, and everything goes on by itself when there is room again."""
import json
import sys

import faults
from installation import Installation, in_own_mounts, may_mount
from invariants import check_accepted_once, check_counts
from lab import until

CANNOT = 77  # what ctest takes for "skipped"
FIRST = {"condition": {"property": "group", "eq": "first"}}
DEVICES = [{"device_id": f"d-{n}", "gateway": "fcm", "platform": "android", "push_token": f"token-{n}",
            "properties": {"group": "first"}} for n in range(3_000)]
LATE = [{"device_id": f"late-{n}", "gateway": "fcm", "platform": "android", "push_token": f"late-{n}",
         "properties": {"group": "late", "room": "x" * 1_000}} for n in range(4_000)]


def launch(node, name):
    """As a careful client: with a key, so that it may be repeated after a 503."""
    return node.call("POST", "/v1/notifications", {
        "content": {"title": name, "data": {"notification": name}}, "audience": FIRST, "launch": True},
        headers={"Idempotency-Key": name})


def without_room(node):
    """Whether the node says that MariaDB has no room."""
    body = node.admin("/readyz")[1]
    return body and any(not check["ok"] and check["name"] == "mariadb_room" for check in json.loads(body)["checks"])


def launch_until_refused(node, names):
    """Refused because of the room, not because MariaDB ended of it and is started again just now."""
    def refused():
        names.append(f"full-{len(names)}")
        status, answer, headers = launch(node, names[-1])
        assert status in (201, 503), answer
        return (answer, headers) if status == 503 and answer["code"] == "overloaded" else None
    answer, headers = until("launching to be refused for want of room", refused, 60, 0.2)
    assert "no room" in answer["detail"] and int(headers["Retry-After"]) >= 1, (answer, headers)
    return answer["detail"]


def register_until_refused(node):
    """The ids of devices that were registered."""
    registered = []
    for at in range(0, len(LATE), 500):
        part = LATE[at:at + 500]
        body = "".join(json.dumps(each) + "\n" for each in part)
        status, text, _ = node.call("POST", "/v1/devices:import", body, headers={"Content-Type": "application/x-ndjson"})
        if status == 503:  # MariaDB ended of it, and is started again
            return registered
        assert status == 200, (status, text)
        lines = [json.loads(line) for line in text.splitlines()]
        assert {line["status"] for line in lines} <= {201, 503}, lines[:3]
        registered += [each["device_id"] for each, line in zip(part, lines, strict=True) if line["status"] == 201]
        if len(registered) < at + len(part):
            return registered
    raise AssertionError("it had room for all of them")


def full(installation):
    node, emulator = installation.fronts()[0], installation.lab.emulator
    names = ["before"]
    assert launch(node, "before")[0] == 201
    until("pushes to arrive", lambda: emulator.arrived() > 200)
    with faults.disk_full(installation, "mariadb"):
        print("launching:", launch_until_refused(node, names), flush=True)
        until("the node to say so", lambda: without_room(node))
        assert node.admin("/readyz")[0] == 503 and node.admin("/livez")[0] == 200
        until("status to say so", lambda: "mariadb_room" in inspected(node))
        registered = register_until_refused(node)
        sent = emulator.arrived()
    installation.wait_well()
    return names, registered, sent


def inspected(node):
    """What `pusher inspect status` has to complain of."""
    try:
        return " ".join(node.inspected("status", code=1)["problems"])
    except AssertionError:
        return ""


def main():
    in_own_mounts()
    if not may_mount():
        print("skipped: this user may mount no small file systems here (run as root)", flush=True)
        sys.exit(CANNOT)
    with Installation(small=("mariadb",)) as installation:
        node, emulator = installation.fronts()[0], installation.lab.emulator
        node.import_devices(DEVICES)
        names, registered, sent = full(installation)
        # What was answered with 503 is done now, what was done is answered as before.
        identities = []
        for name in names:
            status, made, _ = until(f"{name} to be launched", lambda n=name: (
                lambda answer: answer if answer[0] == 201 else None)(launch(node, n)), 60)
            identities.append(made["id"])
        for name, identity in zip(names, identities, strict=True):
            node.wait_completed(identity)
            rows = check_counts(node, identity, len(DEVICES))
            assert {row["outcome"] for row in rows.values()} == {"accepted"}, name
            emulator.statistics()
            check_accepted_once(node, identity, DEVICES, emulator, name)
        assert len(set(identities)) == len(names), "two keys, one notification"
        status, listed, _ = node.call("GET", "/v1/notifications?limit=1000")
        assert (status, len(listed["items"])) == (200, len(names)), (status, len(listed["items"]), len(names))
        late = {"condition": {"property": "group", "eq": "late"}}
        known = node.call("POST", "/v1/devices:count", late)[1]["count"]
        assert known >= len(registered), (known, len(registered))
        for device in registered[::97]:
            assert node.call("GET", f"/v1/devices/{device}")[0] == 200, device
        print(f"{len(names)} notifications, {sent} pushes sent without room; {len(registered)} devices were registered, "
              f"{known} are known; restarts {installation.restarts}", flush=True)
        # InnoDB gives up by itself where its own files cannot grow; nobody else ended.
        assert {(name, code) for name, code, _ in installation.restarts} <= {("mariadb", -6)}, installation.restarts


if __name__ == "__main__":
    main()
