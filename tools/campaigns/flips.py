"""A bit of each byte of a log of 128 KiB and of its WAL is flipped: the events are all right, or
the log is refused with the first seq that is missing or wrong (G1, G3).
"""

from campaigns.sweeps import sweep

# Bits of each byte; --quick takes a sample of bytes.
COUNT = (1, 0)


def run(context, report):
    sweep(context, report, ["DamageTests/flippedBits"])
