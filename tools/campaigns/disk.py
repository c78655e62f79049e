"""Each call of a disk fails, once or from there on, or power goes there: what is acknowledged is
kept, nothing else is made up, and the state afterwards is clear (G1, G5).
"""

from campaigns.sweeps import COUNT, sweep  # noqa: F401


def run(context, report):
    sweep(context, report, ["DiskFaultTests", "DiskFaults", "ViewFaultTests"])
