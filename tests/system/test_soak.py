"""A minute of faults in the order of a seed, over four nodes under a stream of notifications (G1 to G5, G21, G24). One seed for
every run of the tests, so that a failure is the change's; `./run soak` is the long form, with a seed of its own each time."""
import sys

from installation import in_own_mounts
from soak import soak

DEVICES, FAULTS, SECONDS = 3_000, 14, 45


def main():
    in_own_mounts()
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 2026
    soak(seed, DEVICES, FAULTS, SECONDS, one_role=seed % 2 == 1)


if __name__ == "__main__":
    main()
