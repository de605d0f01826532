"""A gateway in trouble holds up nobody else; a credential that turns invalid pauses and deletes nothing; GOAWAY in the
middle of a campaign loses and doubles nothing."""
from invariants import check_accepted_once, check_counts
from lab import Lab, until


def launch(node, name, devices):
    status, made, _ = node.call("POST", "/v1/notifications", {
        "content": {"title": name, "data": {"notification": name}}, "launch": True,
        "audience": {"condition": {"property": "group", "eq": devices}}})
    assert status == 201, made
    return made["id"]


def seconds_of(emulator, name):
    """How long the pushes of a notification took, as the gateway saw it."""
    times = [int(row[0]) for row in emulator.log() if row[3] == name and row[7] == "fcm"]
    return (max(times) - min(times)) / 1e6


def bulkhead(lab, node, count):
    """APNs hangs: FCM keeps its throughput. Both are bound by the gateway's latency, not by this machine."""
    emulator = lab.emulator
    node.wait_completed(launch(node, "alone", "fcm"))
    emulator.control(gateway="apns", fail="hang")
    hanging = launch(node, "hanging", "apns")
    until("pushes to hang", lambda: sum(row[4] == "HANG" for row in emulator.log()) > 0)
    beside = launch(node, "beside", "fcm")
    node.wait_completed(beside)
    check_counts(node, beside, count)
    until("the log", lambda: sum(row[3] == "beside" for row in emulator.log()) == count)
    ratio = seconds_of(emulator, "alone") / seconds_of(emulator, "beside")
    print(f"FCM beside a hanging APNs: {ratio:.2f} of its throughput alone", flush=True)
    assert ratio > 0.8, ratio
    emulator.control(gateway="apns", fail="none")
    node.wait_completed(hanging, 120)
    check_counts(node, hanging, 3_000)


def invalid_credential(lab, node):
    """The key is revoked in mid-campaign: an alarm within seconds, a pause, and all devices stay."""
    emulator = lab.emulator
    before = emulator.statistics()["gateways"]["apns"]["accepted"]
    identity = launch(node, "revoked", "apns")
    until("the campaign to be under way", lambda: emulator.statistics()["gateways"]["apns"]["accepted"] > before + 300)
    emulator.control(revoke_keys=True)
    until("the alarm", lambda: "InvalidProviderToken" in node.log_tail(5000))
    paused = emulator.statistics()["gateways"]["apns"]["requests"]
    assert node.notification(identity)["state"] != "completed"
    emulator.control(revoke_keys=False)
    node.wait_completed(identity, 120)
    rows = check_counts(node, identity, 3_000)
    outcomes = [row["outcome"] for row in rows.values()]
    assert outcomes.count("unregistered") == 0
    assert outcomes.count("accepted") + outcomes.count("unknown") == 3_000, set(outcomes)
    assert paused < before + 3_000
    enabled = node.call("POST", "/v1/devices:count", {"condition": {"property": "group", "eq": "apns"}})[1]
    assert enabled["count"] == 3_000


def goaway(lab, node, devices):
    """GOAWAY that leaves open streams unprocessed, again and again."""
    identity = launch(node, "goaway", "fcm")
    for mark in range(4_000, len(devices), 4_000):
        until(f"{mark} pushes", lambda m=mark: sum(row[3] == "goaway" for row in lab.emulator.log()) >= m, 60)
        lab.emulator.control(goaway=True)
    node.wait_completed(identity)
    rows = check_counts(node, identity, len(devices))
    assert {row["outcome"] for row in rows.values()} == {"accepted"}
    check_accepted_once(node, identity, devices, lab.emulator, "goaway", most_duplicates=0)


def main():
    with Lab(emulator_flags=("--delay-ms", "20")) as lab:
        sections = lab.emulator.sections()
        sections["limits"] = {"connections_per_credential": 1, "request_timeout_seconds": 10}
        node = lab.node(sections=sections).start()
        node.make_key()
        fcm = [lab.emulator.device("fcm", f"f-{n}", properties={"group": "fcm"}) for n in range(15_000)]
        apns = [lab.emulator.device("apns", f"a-{n}", properties={"group": "apns"}) for n in range(3_000)]
        node.import_devices(fcm + apns)
        invalid_credential(lab, node)
        bulkhead(lab, node, len(fcm))
        goaway(lab, node, fcm)
        assert node.stop() == 0


if __name__ == "__main__":
    main()
