"""A thousand connections that say nothing, drip or send garbage, beside a hundred agents that are
well (G9, G12): those notice nothing, the node says whom it closed and why, and holds nothing
afterwards.
"""

import json
import os
import selectors
import socket
import struct
import subprocess
import sys
import time

from campaigns import wire
from campaigns.load import MEBI, agents, fill, median, private_bytes
from campaigns.processes import wait_until
from campaigns.report import Failed

# Rounds; --quick makes one short one.
COUNT = (5, 1)
HOSTILE, HEALTHY, CLUSTER, RATE = 1_000, 100, 10_000, 200
# Of healthy load in each third of a round, beyond the time that a hello may take.
SECONDS = (30, 12)
WARM_VERSIONS = 5
MOST_RATIO = 1.25
MOST_GROWTH = 1.1
LINES_PER_TEN_SECONDS = 20
# The longest hello, and how long a stranger may take for his (proto/protocol.md).
HELLO_BYTES, HELLO_SECONDS = 16 << 10, 10
# Strangers, by what they say before they fall silent.
STRANGERS = {
    "nothing": b"", "a preface": wire.PREFACE,
    "the longest hello but a byte":
        wire.PREFACE + struct.pack(">I", HELLO_BYTES) + bytes(HELLO_BYTES - 1)}
# What each may cost beyond what it sent: a connection's own state.
STRANGER_BYTES = 24 << 10
LATE_SECONDS = 2
CLIENTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "hostile_clients.py")


class Hostile:
    """The process of those who keep to no rule."""

    def __init__(self, fleet, server, seed):
        # They are elsewhere: what they cost themselves must not count.
        self.process = fleet.start(
            ["nice", "-n", "19", sys.executable, CLIENTS, server, str(HOSTILE), str(seed)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if self.process.stdout.readline() != b"there\n":
            raise Failed("the hostile clients did not come")

    def close(self):
        self.process.stdin.close()
        ended = json.loads(self.process.stdout.readline())
        self.process.wait()
        self.process.stdout.close()
        return ended


def run(context, report):
    options = context.options
    seconds = SECONDS[options.quick]
    leader = context.fleet.leader()
    fill(context, leader, CLUSTER)
    warm(context, leader)
    strangers(report, leader)
    healthy(context, leader, seconds)
    before = held(leader)
    rounds = [one_round(context, report, leader, seconds, number)
              for number in range(options.count)]
    after = held(leader)
    ratios = [line["during"] / ((line["before"] + line["after"]) / 2) for line in rounds]
    report.fact("p99 of the healthy, ms", rounds, json.dumps(rounds))
    report.check(f"healthy p99 is at most {MOST_RATIO} of that without them",
                 median(ratios) <= MOST_RATIO,
                 f"median {median(ratios):.2f} of {[round(ratio, 2) for ratio in ratios]}")
    report.check("descriptors are back to before", after[1] == before[1],
                 f"{before[1]}, then {after[1]}")
    report.check("memory is back to before", after[0] <= before[0] * MOST_GROWTH,
                 f"{before[0] / MEBI:.1f} MiB, then {after[0] / MEBI:.1f} MiB")
    report.fact("descriptors, MiB", {"before": [before[1], before[0] // MEBI],
                                     "after": [after[1], after[0] // MEBI]})
    said(report, leader)
    leader.stop()


def strangers(report, leader):
    """What connections cost that have not said hello, and how long they last."""
    host, port = leader.address.rsplit(":", 1)
    for said, words in STRANGERS.items():
        before, _ = held(leader)
        there = selectors.DefaultSelector()
        for _ in range(HOSTILE):
            begun = time.monotonic()
            client = socket.create_connection((host, int(port)))
            client.sendall(words)
            client.setblocking(False)
            there.register(client, selectors.EVENT_READ, begun)
        wait_until(lambda: leader.status()["connections"] == HOSTILE + 1, "all strangers", 5)
        each = (private_bytes(leader) - before) / HOSTILE
        longest = 0.0
        while there.get_map():
            for key, _ in there.select(HELLO_SECONDS):
                if not ended(key.fileobj):
                    continue
                longest = max(longest, time.monotonic() - key.data)
                there.unregister(key.fileobj)
                key.fileobj.close()
        report.check(f"who says {said} costs bounded memory",
                     each <= STRANGER_BYTES + len(words), f"{each / 1_024:.1f} KiB each")
        report.check(f"who says {said} is closed in time",
                     longest <= HELLO_SECONDS + LATE_SECONDS, f"{longest:.1f} s at most")


def ended(client):
    """Whether there is nothing more to read; a goodbye comes first."""
    try:
        while client.recv(4_096):
            pass
        return True
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


def warm(context, leader):
    """The node's bounded memories of what was lately are full before it is measured."""
    for version in range(1, WARM_VERSIONS + 1):
        fill(context, leader, CLUSTER, "--step", version)
    agents(context, leader, "--agents", HEALTHY, "--processes", 1, "--rate", 0, "--count",
           4 * CLUSTER, "--change", "version", "--cluster", CLUSTER, "--endpoints", CLUSTER)


def one_round(context, report, leader, seconds, number):
    line = {"before": healthy(context, leader, seconds)}
    hostile = Hostile(context.fleet, leader.address, context.options.seed + number)
    line["during"] = healthy(context, leader, seconds)
    line["held"] = [held_now(leader)[1], held_now(leader)[0] // MEBI]
    line["ended"] = hostile.close()
    wait_until(lambda: leader.status()["connections"] == 1, "the hostile to be gone", 60)
    line["after"] = healthy(context, leader, seconds)
    report.step(f"round {number + 1}: {json.dumps(line)}")
    return line


def healthy(context, leader, seconds):
    """The p99 of changes in the hands of agents that are well."""
    line = agents(
        context, leader, "--agents", HEALTHY, "--processes", 1, "--rate", RATE, "--count",
        RATE * seconds, "--cluster", CLUSTER, "--endpoints", CLUSTER, seconds=seconds + 120)
    return round(line["latencyMs"]["p99"], 2)


def held_now(leader):
    return private_bytes(leader), leader.descriptors()


def held(leader):
    """When it has come to rest."""
    leader.settled_usage()
    time.sleep(2)
    return held_now(leader)


def said(report, leader):
    """What the node says of those whom it closed."""
    counters = leader.status()["counters"]
    closings = {name.split(".", 1)[1]: count for name, count in counters.items()
                if name.startswith("closings.")}
    report.fact("closed, by the node's count", closings, json.dumps(closings))
    for code in ("hello-late", "preface-mismatch", "frame-malformed"):
        report.check(f"the node counts {code}", closings.get(code, 0) > 0, closings.get(code, 0))
    with open(leader.log, errors="replace") as file:
        lines = [line for line in file if "connection closed" in line]
    most = LINES_PER_TEN_SECONDS * (int(time.monotonic() - report.begun) // 10 + 2)
    report.check("its log says why, in a bounded number of lines", 0 < len(lines) <= most,
                 f"{len(lines)} lines")
