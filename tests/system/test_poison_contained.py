"""G16 and a lost journal: what cannot be read becomes a dead letter with its reason; a Redis that forgot is noticed, and made anew."""
import subprocess

from lab import Lab, until

DEVICES = [{"device_id": f"d-{n}", "gateway": "fcm", "platform": "android", "push_token": f"token-{n}"}
           for n in range(1000)]


def main():
    with Lab() as lab:
        node = lab.node().start()
        node.make_key()
        node.import_devices(DEVICES)
        socket = next(node.directory.rglob("redis.sock"))

        def redis(*arguments):
            return subprocess.run(["redis-cli", "-s", str(socket), *arguments], capture_output=True, text=True,
                                  check=True).stdout.strip()

        def launch():
            return node.call("POST", "/v1/notifications", {
                "content": {"title": "x"}, "audience": {"all": True}, "launch": True})

        status, made, _ = launch()
        assert status == 201, made
        node.wait_completed(made["id"])
        redis("xadd", "{pusher}:push:1.fcm.production.campaign", "*", "b", "nonsense")
        redis("xadd", "{pusher}:results", "*", "r", "nonsense")
        redis("xadd", "{pusher}:results", "*", "odd", "field", "other", "field")
        until("three dead letters", lambda: redis("xlen", "{pusher}:dead") == "3")
        for stage, count in (("push-sender", 1), ("result-writer", 2)):
            rung = node.metric(f'pusher_dead_letters_total{{reason="unusable",stage="{stage}"}}')
            assert rung == count, (stage, rung)
        letters = redis("xrange", "{pusher}:dead", "-", "+")
        assert "not a readable push batch" in letters and "not a readable result batch" in letters, letters
        status, made, _ = launch()
        assert status == 201, made
        assert node.wait_completed(made["id"])["counts"]["accepted"] == len(DEVICES)

        # Until the journal is rebuilt, launches are refused and not stored.
        before = len(node.call("GET", "/v1/notifications")[1]["items"])
        redis("flushall")
        status, answer, headers = launch()
        if not node.events("journal.rebuilt"):
            assert (status, answer["code"]) == (503, "journal_lost") and headers["Retry-After"], answer
            assert len(node.call("GET", "/v1/notifications")[1]["items"]) == before, "a refused launch was stored"
        until("the journal to be rebuilt", lambda: node.events("journal.rebuilt") and node.admin("/readyz")[0] == 200)
        status, made, _ = launch()
        assert status == 201, made
        assert node.wait_completed(made["id"])["counts"]["accepted"] == len(DEVICES)
        assert node.stop() == 0, node.log_tail()


if __name__ == "__main__":
    main()
