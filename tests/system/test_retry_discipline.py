"""G12: a gateway that fails 30 % of the pushes is not asked much more for it: retries stay within the budget at every moment,
come no sooner than Retry-After says, and what was refused for good is asked once."""
from collections import Counter, defaultdict

from invariants import check_counts
from lab import Lab

COUNT, BUDGET = 4_000, 20
# Of a sender, beside the share: what it may always retry, at once and in a second.
AT_ONCE, A_SECOND = 100, 50


def token(number):
    if number % 10 < 3:
        return f"UNAVAIL1X-{number}"
    return f"UNREG-{number}" if number % 100 == 55 else f"BAD-{number}" if number % 100 == 66 else f"token-{number}"


def within_budget(log):
    first, retries, began = set(), 0, int(log[0][0]) / 1e6
    worst = 0.0
    for row in log:
        if row[2] in first:
            retries += 1
        first.add(row[2])
        allowed = AT_ONCE + len(first) * BUDGET / 100 + A_SECOND * (int(row[0]) / 1e6 - began + 1)  # the sender began before the first push came
        worst = max(worst, retries / allowed)
        assert retries <= allowed, f"{retries} retries beside {len(first)} first attempts, {allowed:.0f} are allowed"
    return retries, worst


def main():
    with Lab(emulator_flags=("--delay-ms", "10")) as lab:
        node = lab.node(sections={"limits": {"retry_budget_percent": BUDGET, "mass_deletion_percent": 100}}).start()
        node.make_key()
        node.import_devices([{"device_id": f"d-{n}", "gateway": "fcm", "platform": "android", "push_token": token(n)}
                             for n in range(COUNT)])
        status, made, _ = node.call("POST", "/v1/notifications", {
            "content": {"title": "x"}, "audience": {"all": True}, "launch": True, "rate_per_second": COUNT // 4})
        assert status == 201, made
        node.wait_completed(made["id"])
        rows = check_counts(node, made["id"], COUNT)
        lab.emulator.statistics()
        log = sorted(lab.emulator.log(), key=lambda row: int(row[0]))
        retries, worst = within_budget(log)
        assert retries == COUNT * 3 // 10, retries
        by_token = defaultdict(list)
        for row in log:
            by_token[row[2]].append(int(row[0]) / 1e6)
        for number in range(COUNT):
            times, outcome = by_token[token(number)], rows[f"d-{number}"]["outcome"]
            if "UNAVAIL" in token(number):
                assert outcome == "accepted" and len(times) == 2 and times[1] - times[0] >= 1.0, (number, outcome, times)
            else:
                wanted = {"UNREG": "unregistered", "BAD": "rejected", "token": "accepted"}[token(number).split("-")[0]]
                assert outcome == wanted and len(times) == 1, (number, outcome, times)
        print(f"{retries} retries beside {COUNT} first attempts; at most {100 * worst:.0f} % of the budget was used", flush=True)
        print(Counter(row["outcome"] for row in rows.values()), flush=True)
        assert node.stop() == 0


if __name__ == "__main__":
    main()
