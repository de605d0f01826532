"""Holds the rows of an installation against what its gateway really got: G2 to G5 and G24 at a quiescent point.

The gateway's own log is believed, Pusher is not. The first thing that does not fit is printed with its whole history.
"""
import collections
import json

# The numbers that rows have for outcomes.
OUTCOMES = ("", "accepted", "unregistered", "rejected", "failed", "expired", "canceled", "skipped", "unknown")
MOST_PRINTED = 60


class Violation(AssertionError):
    """A promise that was broken."""


class Launched:
    """What the stream of notifications was answered with 2xx."""

    def __init__(self, identity, correlation, devices, allows_duplicates):
        self.identity, self.correlation = identity, correlation
        self.devices, self.allows_duplicates = devices, allows_duplicates


class Oracle:
    def __init__(self, installation, devices):
        """`devices`: by device_id, as the gateway's log names their tokens."""
        self.installation = installation
        self.tokens = devices
        self.by_token = {token: device for device, token in devices.items()}
        self.read_to = 0
        self.lines = []  # of the gateway's log since the last check
        self.faults = []
        self.doubled = self.unknown = self.checked = self.pushes = 0
        self.at_risk = self.answers_at_risk = 0  # since the last check
        self.at_risk_in_all = 0

    def put_at_risk(self, unrecorded, unanswered):
        """What a fault may let be sent again: always, and where the notification allows duplicates."""
        self.at_risk += unrecorded
        self.answers_at_risk += unanswered
        self.at_risk_in_all += unrecorded + unanswered

    def check(self, launched):
        """All that was launched since the last check; nothing of it may be under way any more."""
        pushes, refused = self.read_log()
        rows, notifications = self.read_rows(launched)
        doubled = {False: 0, True: 0}
        for each in launched:
            doubled[each.allows_duplicates] += self.check_one(each, rows[each.identity], notifications, pushes, refused)
        known = {each.correlation for each in launched}
        for correlation, token in pushes:
            if correlation not in known:
                self.fail("G3", f"a push of {correlation}, which nobody launched or which was complete before", None, token)
        self.check_doubled(launched, pushes, doubled[False], self.at_risk, allowed=False)
        self.check_doubled(launched, pushes, doubled[True], self.at_risk + self.answers_at_risk, allowed=True)
        self.doubled += sum(doubled.values())
        self.at_risk = self.answers_at_risk = 0
        self.checked += len(launched)
        self.lines = []
        return sum(doubled.values())

    def check_doubled(self, launched, pushes, doubled, most, allowed):
        if doubled <= most:
            return
        known = {each.correlation: each for each in launched if each.allows_duplicates == allowed}
        correlation, token = next(key for key, count in pushes.items() if count > 1 and key[0] in known)
        self.fail("G4", f"{doubled} pushes were doubled of notifications with duplicates: {'allow' if allowed else 'avoid'}; the "
                  f"faults since the last rest put {most} at risk", known[correlation], token)

    def read_log(self):
        """Accepted pushes and refusals since the last check, counted by (correlation, token)."""
        self.installation.lab.emulator.statistics()  # whoever asks finds all of it in the log
        pushes, refused = collections.Counter(), collections.Counter()
        with open(self.installation.lab.emulator.log_file, encoding="utf-8") as log:
            log.seek(self.read_to)
            self.lines = log.readlines()
            self.read_to = log.tell()
        for line in self.lines:
            _, status, token, correlation, code, *_ = line.rstrip("\n").split("\t")
            accepted = status.startswith("2") and code == "-"
            (pushes if accepted else refused)[correlation, token] += 1
        self.pushes += sum(pushes.values())
        return pushes, refused

    def read_rows(self, launched):
        """Deliveries by notification and device, and the notifications' rows."""
        rows = {each.identity: {} for each in launched}
        notifications = {}
        for at in range(0, len(launched), 200):
            ids = ",".join(f"'{each.identity}'" for each in launched[at:at + 200])
            counts = ", ".join(f"count_{outcome}" for outcome in OUTCOMES[1:])
            for identity, done, audience, *found in self.installation.stores.query(
                    f"SELECT public_id, fan_out_done, audience_count, {counts} FROM notifications WHERE public_id IN ({ids})"):
                notifications[identity] = (int(done), int(audience), dict(zip(OUTCOMES[1:], map(int, found))))
            for identity, device, outcome, attempts, code, settled in self.installation.stores.query(
                    "SELECT n.public_id, d.device_id, v.outcome, v.attempts, v.code, v.settled_at FROM notifications n "
                    "JOIN deliveries v ON v.notification_id = n.id JOIN devices d ON d.id = v.device_id "
                    f"WHERE n.public_id IN ({ids})"):
                rows[identity][device] = (OUTCOMES[int(outcome)], int(attempts), code, settled)
        return rows, notifications

    def check_one(self, one, rows, notifications, pushes, refused):
        """Gives how many pushes were doubled."""
        if one.identity not in notifications:
            self.fail("G1", "it was answered with 2xx and has no row", one)
        done, audience, counts = notifications[one.identity]
        found = collections.Counter(outcome for outcome, *_ in rows.values())
        if not done or audience != len(rows) or {name: count for name, count in counts.items() if count} != found:
            self.fail("G5", f"fan-out done: {done}, audience {audience}, counts {counts}; rows: {dict(found)}", one)
        doubled = 0
        for device in one.devices:
            token = self.tokens[device]
            got = pushes.get((one.correlation, token), 0)
            row = rows.get(device)
            if row is None:
                # A device whose token is dead leaves the audience with the first push.
                if got > 0 or "UNREG" not in device:
                    self.fail("G3", f"{device} is in the audience and has no row; {got} pushes of it arrived", one, token)
                continue
            self.check_row(one, device, row, got, refused.get((one.correlation, token), 0))
            doubled += max(0, got - 1)
            self.unknown += row[0] == "unknown"
        strangers = set(rows) - set(one.devices)
        if strangers:
            self.fail("G5", f"{len(strangers)} devices have rows and are not in the audience", one,
                      self.tokens[min(strangers)])
        return doubled

    def check_row(self, one, device, row, got, refusals):
        outcome, attempts, code, _ = row
        token = self.tokens[device]
        if outcome == "accepted" and got == 0:
            self.fail("G3", f"{device} is accepted, and the gateway never took a push to it", one, token)
        if outcome not in ("accepted", "unknown") and got > 0:
            self.fail("G5", f"{device} is {outcome} ({code}), and the gateway took {got} pushes to it", one, token)
        if outcome == "unregistered" and "UNREG" in device:
            return
        if outcome == "failed" and refusals >= attempts > 0:
            return
        if outcome not in ("accepted", "unknown"):
            self.fail("G3", f"{device} is {outcome} ({code}) after {attempts} attempts; the gateway refused {refusals}", one, token)

    def check_journal(self):
        """G24: nothing is left in the journal when everything is settled."""
        redis, left = self.installation.stores.redis_command, {}
        pending = redis("HGETALL", "{pusher}:pending")
        left["pending"] = sum(abs(int(count)) for count in pending[1::2] if count)
        for queue in filter(None, redis("SMEMBERS", "{pusher}:queues")):
            left[f"push:{queue}"] = int(redis("XLEN", f"{{pusher}}:push:{queue}")[0])
        for stream in ("results", "dead"):
            left[stream] = int(redis("XLEN", f"{{pusher}}:{stream}")[0])
        left["later"] = int(redis("ZCARD", "{pusher}:later")[0])
        return {place: count for place, count in left.items() if count}

    # -- a counter-example ---

    def fail(self, promise, what, one=None, token=None):
        print(f"\n{promise} is broken: {what}", flush=True)
        if one is not None:
            self.print_notification(one)
        if token is not None:
            self.print_device(one, token)
        print("  faults, newest last:")
        for line in self.faults[-MOST_PRINTED:]:
            print(f"    {line}")
        raise Violation(f"{promise}: {what}")

    def print_notification(self, one):
        print(f"  notification {one.identity} ({one.correlation}), {len(one.devices)} devices in its audience, "
              f"duplicates {'allow' if one.allows_duplicates else 'avoid'}")
        for row in self.installation.stores.query(
                f"SELECT * FROM notifications WHERE public_id = '{one.identity}'"):
            print("    row: " + "\t".join(row)[:1500])

    def print_device(self, one, token):
        device = self.by_token.get(token, "")
        print(f"  device {device}, token {token}; the gateway's log (microseconds, status, token, notification, code, "
              "connection, stream, gateway):")
        for line in [each for each in self.lines if f"\t{token}\t" in each][:MOST_PRINTED]:
            print("    " + line.rstrip("\n"))
        node = self.installation.fronts()[0]
        for path in filter(None, (one and f"/v1/notifications/{one.identity}/deliveries/{device}",
                                  device and f"/v1/devices/{device}/events?limit=20")):
            try:
                print(f"  {path}: {json.dumps(node.call('GET', path)[1])[:3000]}")
            except OSError as fault:
                print(f"  {path}: {fault}")
