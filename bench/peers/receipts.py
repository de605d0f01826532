"""What a system did, as the gateway saw it: the emulator's log is the judge of every system, ours as theirs."""
from collections import Counter


class Receipts:
    """`rows`: of the emulator's log. `targets`: who was to get exactly one push, or a number where all go to one device."""

    def __init__(self, rows, targets):
        accepted = sorted((int(row[0]), row[2]) for row in rows if row[1].startswith("2") and row[4] == "-")
        self.first_us, self.last_us = (accepted[0][0], accepted[-1][0]) if accepted else (0, 0)
        self.attempts = len(rows)
        if isinstance(targets, int):
            self.expected, self.firsts = targets, [at for at, _ in accepted][:targets]
            self.doubled, self.lost, self.strange = max(0, len(accepted) - targets), max(0, targets - len(accepted)), 0
            return
        wanted = set(targets)
        counts = Counter(target for _, target in accepted)
        seen = set()
        self.expected = len(wanted)
        self.firsts = [at for at, target in accepted if target in wanted and not (target in seen or seen.add(target))]
        self.doubled = sum(count - 1 for target, count in counts.items() if target in wanted)
        self.lost = sum(target not in counts for target in wanted)
        self.strange = sum(count for target, count in counts.items() if target not in wanted)

    def faults(self):
        """Sentences about what is not as it should be; none if each device got exactly one push."""
        told = (("lost", self.lost), ("doubled", self.doubled), ("to devices that were not meant", self.strange))
        return [f"{count:,} pushes {what}" for what, count in told if count]

    def seconds_until(self, share, began_us):
        """From `began_us` until this share of the devices had a push accepted; None if it never was so."""
        needed = max(1, round(share * self.expected))
        return (self.firsts[needed - 1] - began_us) / 1e6 if len(self.firsts) >= needed else None
