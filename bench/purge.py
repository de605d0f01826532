"""What purging costs those who send: one node with stores of its own sends to all devices again and again, before, while and after the
leader purges a notification with a million deliveries. Everything as a ratio within the run.

purge.py [--rows 1000000] [--devices 50000] [--rounds 3] [--percent 20]
"""
import argparse
import statistics
import subprocess
import time

from engine import Engine
from lab import until

DAY_MS = 86_400_000
IDENTITY = "01900000-0000-7000-8000-000000000001"


class Purged(Engine):
    def __enter__(self):
        super().__enter__()
        (self.socket,) = self.node.directory.rglob("mysql.sock")
        return self

    def sql(self, sentence):
        done = subprocess.run(["mariadb", "--no-defaults", "--user=root", "--socket", str(self.socket), "--batch", "--skip-column-names",
                               "pusher", "--execute", sentence], capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def make_old(self, rows):
        """A settled notification with so many deliveries, whose term has not ended yet."""
        self.sql(f"INSERT INTO notifications (public_id, application_id, state, lane, ttl_seconds, draft, audience, audience_count, fan_out_done, "
                 f"count_accepted, created_at, launched_at, expires_at, completed_at) SELECT '{IDENTITY}', application_id, 5, 2, 3600, draft, audience, "
                 f"{rows}, 1, {rows}, created_at, launched_at, expires_at, completed_at FROM notifications ORDER BY id DESC LIMIT 1")
        self.key = self.sql(f"SELECT id FROM notifications WHERE public_id = '{IDENTITY}'")
        for first in range(1, rows, 100_000):
            self.sql(f"INSERT INTO deliveries (notification_id, device_id, outcome, attempts, code, gateway_message_id, settled_at, gateway) "
                     f"SELECT {self.key}, seq, 1, 1, '', CONCAT('projects/example/messages/', seq), 1, 1 FROM seq_{first}_to_{min(first + 99_999, rows)}")

    def let_go(self):
        # Old ones are looked for by key, up to the first that is young.
        self.sql(f"UPDATE notifications SET created_at = 1 WHERE id <= {self.key}")
        self.sql(f"UPDATE notifications SET completed_at = completed_at - {200 * DAY_MS} WHERE id = {self.key}")

    def purged(self):
        return self.node.metric('pusher_purged_rows_total{what="deliveries"}')

    def speed(self):
        """Pushes a second of one notification to all."""
        begun = time.monotonic()
        self.node.wait_completed(self.launch({"all": True}), 1800)
        return self.count / (time.monotonic() - begun)


def told(name, speeds):
    print(f"{name:<16} {statistics.median(speeds):8,.0f} pushes a second  ({', '.join(f'{each:,.0f}' for each in speeds)})", flush=True)
    return statistics.median(speeds)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--rows", type=int, default=1_000_000)
    arguments.add_argument("--devices", type=int, default=50_000)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--percent", type=int, default=20)
    wanted = arguments.parse_args()
    sections = {"retention": {"look_seconds": 1, "purge_percent": wanted.percent}}
    with Purged(wanted.devices, sections=sections) as engine:
        engine.speed()  # the first one fills caches
        engine.make_old(wanted.rows)
        before = [engine.speed() for _ in range(wanted.rounds)]
        since, begun = engine.purged(), time.monotonic()
        engine.let_go()
        until("the purge to begin", lambda: engine.purged() > since, 60)
        beside = []
        while engine.purged() - since < wanted.rows:
            speed = engine.speed()
            if engine.purged() - since < wanted.rows:  # it lasted longer than this
                beside.append(speed)
        seconds = time.monotonic() - begun
        assert engine.sql(f"SELECT COUNT(*) FROM deliveries WHERE notification_id = {engine.key}") == "0"
        assert beside, "the purge was over before a notification was: take more rows"
        after = [engine.speed() for _ in range(wanted.rounds)]
        alone = told("without", before + after)
        print(f"{told('beside the purge', beside) / alone:.2f} of the speed beside the purge of {wanted.rows:,} deliveries, which went in {seconds:.0f} s "
              f"at {wanted.percent} %: {wanted.rows / seconds:,.0f} rows a second", flush=True)


if __name__ == "__main__":
    main()
