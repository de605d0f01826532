"""G2: one Idempotency-Key, one notification: in parallel, across kill -9 of the node, and never with another body."""
import concurrent.futures
import http.client
import json
import random

from lab import Lab, until

KEYS, CALLS, CLIENTS = 100, 10_000, 40


def body_of(key, launch=False):
    return {"content": {"title": f"for {key}"}, "audience": {"device_ids": ["d-1"]}, "external_id": f"e-{key}",
            **({"launch": True} if launch else {})}


class Client:
    """Asks again, as a client does, when the connection broke or the answer says so."""

    def __init__(self, node):
        self.node = node
        self.connection = None

    def create(self, key, launch):
        def attempt():
            try:
                if self.connection is None:
                    self.connection = http.client.HTTPConnection("127.0.0.1", self.node.port, timeout=60)
                self.connection.request("POST", "/v1/notifications", body=json.dumps(body_of(key, launch)), headers={
                    "Authorization": f"Bearer {self.node.key}", "Content-Type": "application/json", "Idempotency-Key": key})
                answer = self.connection.getresponse()
                text = answer.read()
            except (OSError, http.client.HTTPException):
                self.connection.close()
                self.connection = None
                return None
            if answer.status in (409, 429, 503):
                return None
            assert answer.status == 201, (answer.status, text)
            return text, answer.getheader("Idempotency-Replayed") == "true"
        return until(f"an answer for {key}", attempt, 120, 0.05)


def create_all(node, keys, calls, launch=False):
    """All calls in random order over so many clients; gives the bodies by key, and how often one was made anew."""
    wanted = [keys[n % len(keys)] for n in range(calls)]
    random.Random(11).shuffle(wanted)
    answers = {key: set() for key in keys}
    fresh = 0

    def work(part):
        client = Client(node)
        return [(key, *client.create(key, launch)) for key in part]

    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        for made in pool.map(work, [wanted[at::CLIENTS] for at in range(CLIENTS)]):
            for key, text, replayed in made:
                answers[key].add(text)
                fresh += not replayed
    return answers, fresh


def stored(node):
    items, cursor = [], ""
    while cursor is not None:
        status, page, _ = node.call("GET", "/v1/notifications?limit=1000" + (f"&cursor={cursor}" if cursor else ""))
        assert status == 200, page
        items += page["items"]
        cursor = page["next_cursor"]
    return items


def in_parallel(node):
    keys = [f"parallel-{n}" for n in range(KEYS)]
    answers, fresh = create_all(node, keys, CALLS)
    assert all(len(bodies) == 1 for bodies in answers.values()), "one key was answered with two bodies"
    assert fresh == KEYS, fresh
    identities = {json.loads(next(iter(bodies)))["id"] for bodies in answers.values()}
    assert len(identities) == KEYS
    assert {each["id"] for each in stored(node)} == identities
    return identities


def other_body(node, identities):
    headers = {"Idempotency-Key": "parallel-0"}
    status, problem, _ = node.call("POST", "/v1/notifications", body_of("other"), headers=headers)
    assert status == 422 and problem["code"] == "idempotency_mismatch", problem
    # The quotes of a structured field are not part of the key.
    status, body, sent = node.call("POST", "/v1/notifications", json.dumps(body_of("parallel-0")), headers={
        "Idempotency-Key": '"parallel-0"'})
    assert status == 201 and body["id"] in identities and sent["Idempotency-Replayed"] == "true", (status, body)
    assert len(stored(node)) == len(identities)


def across_a_crash(node, identities):
    """The node dies in the middle; clients ask again with the same keys; each is launched once and pushed once."""
    keys = [f"crash-{n}" for n in range(KEYS)]
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        calls = pool.submit(create_all, node, keys, 2000, True)
        until("some of them to be stored", lambda: len(stored(node)) > len(identities) + 20, 60)
        node.kill()
        node.start()
        answers, _ = calls.result(300)
    assert all(len(bodies) == 1 for bodies in answers.values()), "one key was answered with two bodies"
    created = [json.loads(next(iter(bodies)))["id"] for bodies in answers.values()]
    assert len(set(created)) == KEYS
    for identity in created:
        node.wait_completed(identity)
    assert len(stored(node)) == len(identities) + KEYS
    return created


def main():
    with Lab() as lab:
        node = lab.node().start()
        node.make_key()
        node.import_devices([{"device_id": "d-1", "gateway": "fcm", "platform": "android", "push_token": "token-1"}])
        identities = in_parallel(node)
        other_body(node, identities)
        across_a_crash(node, identities)
        accepted = [row for row in until("the gateway's log", lambda: (
            lambda rows: rows if len(rows) >= KEYS else None)(lab.emulator.log()))]
        # A killed sender may double what was in flight, and no more.
        assert KEYS <= len(accepted) <= KEYS + 60, len(accepted)
        assert node.stop() == 0


if __name__ == "__main__":
    main()
