"""What must hold of a completed notification, checked against the gateway's own log and the rows of deliveries."""
from collections import Counter


def pushes_by_token(emulator, correlation=None):
    """Accepted pushes per token, as the gateway logged them."""
    return Counter(row[2] for row in emulator.log()
                   if row[1] == "200" and (correlation is None or row[3] == correlation))


def check_counts(node, identity, expected_audience):
    """G5: one row per target, counts equal to rows, nothing pending; returns the rows by device."""
    now = node.notification(identity)
    counts = now["counts"]
    rows = node.deliveries(identity)
    by_device = {row["device_id"]: row for row in rows}
    assert len(rows) == len(by_device), "a device has two rows"
    assert counts["audience"] == expected_audience, (counts, expected_audience)
    assert counts["pending"] == 0, counts
    assert len(rows) == counts["audience"], (len(rows), counts)
    found = Counter(row["outcome"] for row in rows)
    for outcome in ("accepted", "unregistered", "rejected", "failed", "expired", "canceled", "skipped", "unknown"):
        assert counts[outcome] == found.get(outcome, 0), (outcome, counts, found)
    assert now["settled"] is True, now
    return by_device


def check_accepted_once(node, identity, devices, emulator, correlation=None, most_duplicates=0):
    """G3, G4: every device whose row says accepted was accepted by the gateway, at most so many of them twice."""
    rows = {row["device_id"]: row for row in node.deliveries(identity)}
    pushes = pushes_by_token(emulator, correlation)
    duplicates = 0
    for device in devices:
        row = rows.get(device["device_id"])
        got = pushes.get(device["push_token"], 0)
        if row is None:
            assert got == 0, f"{device['device_id']} was pushed to and is not in the audience"
        elif row["outcome"] == "accepted":
            assert got >= 1, f"{device['device_id']} is accepted and the gateway never saw it: {row}"
            duplicates += got - 1
        else:
            assert got == 0 or row["outcome"] == "unknown", f"{device['device_id']} was accepted but its row is {row}"
    assert duplicates <= most_duplicates, f"{duplicates} pushes were doubled, at most {most_duplicates} may be"
    return duplicates
