"""An exception costs the requests that it befalls a 500, and nobody else anything; what was stored by then is found by whoever
repeats the call."""
import concurrent.futures
import unittest

from fault_case import FaultCase
from lab import until


class ApiFaults(FaultCase):
    def test_a_request_that_fails_costs_one_500(self):
        self.with_faults("api.serving:30")
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda n: self.node.call("GET", f"/v1/devices/d-{n}")[:2], range(100)))
        self.assertEqual(sorted(status for status, _ in answers), [200] * 99 + [500])
        failed, = [body for status, body in answers if status == 500]
        self.assertNotIn("fail point", str(failed))
        self.assertEqual(failed["code"], "internal")
        self.assertEqual(self.restarts(), {})

    def test_creations_that_fail_together_are_500_and_repeatable(self):
        """Their rows are committed; whoever repeats the call gets what there is, and nobody else is disturbed."""
        self.with_faults("api.stored:1")

        def create(n):
            return self.node.call("POST", "/v1/notifications", {
                "content": {"title": "Hello"}, "audience": {"device_ids": [f"d-{n}"]}, "launch": True},
                headers={"Idempotency-Key": f"together-{n}"})[:2]
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            asked = [pool.submit(self.node.call, "GET", f"/v1/devices/d-{n}") for n in range(50)]
            first = list(pool.map(create, range(12)))
            again = list(pool.map(create, range(12)))
        self.assertEqual({each.result()[0] for each in asked}, {200})
        self.assertIn(500, [status for status, _ in first])
        self.assertLessEqual({status for status, _ in first}, {201, 500})
        self.assertEqual({status for status, _ in again}, {201})
        self.assertEqual(len({body["id"] for _, body in again}), 12)
        for (status, body), (_, repeated) in zip(first, again):
            self.assertEqual(body["id"] if status == 201 else repeated["id"], repeated["id"])
            self.assertEqual(self.node.wait_completed(repeated["id"])["counts"]["accepted"], 1)
        self.assertEqual(self.restarts(), {})

    def test_an_api_actor_that_fails_at_start(self):
        self.with_faults("api.starting:1", "api.starting:2")
        until("requests to be served", lambda: self.node.call("GET", "/v1/devices/d-1")[0] == 200)
        self.assertEqual(self.restarts(), {"api": 2})
        self.assertEqual(self.node.call("GET", "/v1/devices/d-2")[0], 200)


if __name__ == "__main__":
    unittest.main()
