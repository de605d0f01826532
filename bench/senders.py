"""How a cluster of one-role nodes sends with one sender node and with four, interleaved on one machine: what more processes
cost where there are no more cores."""
import argparse
import statistics

from lab import Lab, until

DEVICES = 100_000


def run(lab, front):
    """Pushes a second, from the first to the last receipt of one campaign; every device exactly once."""
    before = lab.emulator.arrived()
    status, made, _ = front.call("POST", "/v1/notifications", {
        "content": {"title": "Hello", "body": "World"}, "audience": {"all": True}, "launch": True})
    assert status == 201, made
    done = front.wait_completed(made["id"])
    assert done["counts"]["accepted"] == DEVICES, done
    until("the emulator's log", lambda: lab.emulator.arrived() >= before + DEVICES)
    times = [int(row[0]) for row in lab.emulator.log()[before:]]
    assert len(times) == DEVICES, f"{len(times) - DEVICES} doubled"
    return DEVICES / ((max(times) - min(times)) / 1e6)


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--rounds", type=int, default=3)
    options = options.parse_args()
    with Lab() as lab:
        stores = lab.stores()
        stores.start()
        section = lab.cluster()

        def node(name, roles):
            sections = {**stores.sections(), "node": {"name": name, "roles": roles}, "cluster": section(name)}
            if roles == "push-sender":
                del sections["mysql"]
            return lab.node(name, sections)

        front, leader, writer = node("front", "api=2"), node("leader", "fan-out"), node("writer", "result-writer=2")
        senders = [node(f"sender{number}", "push-sender") for number in range(4)]
        for each in (front, leader, writer, senders[0]):
            each.start(wait=False)
        for each in (front, leader, writer, senders[0]):
            each.wait_ready()
        front.make_key()
        front.import_devices([{"device_id": f"d{i}", "gateway": "fcm", "platform": "android", "push_token": f"ok-{i}"}
                              for i in range(DEVICES)])
        run(lab, front)  # warm
        rates = {1: [], 4: []}
        for _ in range(options.rounds):
            rates[1].append(run(lab, front))
            for each in senders[1:]:
                each.start()
            rates[4].append(run(lab, front))
            for each in senders[1:]:
                assert each.stop() == 0
        one, four = statistics.median(rates[1]), statistics.median(rates[4])
        print(f"one sender node   {one:10,.0f} pushes/s")
        print(f"four sender nodes {four:10,.0f} pushes/s, {four / one:.2f} of one")


if __name__ == "__main__":
    main()
