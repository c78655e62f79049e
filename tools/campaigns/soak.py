"""An hour, or as long as is asked for, at half load with random faults: memory and descriptors stay
flat, and no node says an error that no fault explains (G1, G9, G12).
"""

import collections
import json
import random
import re
import time

from campaigns import confinement, faults
from campaigns.fault_kinds import KINDS, ClockBehind, FollowerKilled, LeaderKilled
from campaigns.load import MEBI, median, private_bytes
from campaigns.world import World

# Minutes.
COUNT = (60, 2)
# So long all is well between two rounds of faults, and the load goes on.
CALM_SECONDS = 8
# While the most is found that this machine takes, half of which is the load; bounded by what the
# disks hold and what can be judged afterwards.
PROBE_SECONDS, PROBE_PER_SECOND, MOST_PER_SECOND = 10, 6_000, 600
# What comes before anything is measured.
WARM_EVENTS, WARM_ENDPOINTS = 100_000, 2_000
# What an event takes on a disk at most, and what there is to begin with.
EVENT_BYTES, LEAST_MEBIBYTES = 1_300, 384
# Of the first third's median: an allocator's noise.
MOST_GROWTH = 1.15
# Before, rings of frames fill still: their bounds are reached with some 200,000 events.
LEAST_MINUTES = 30
# Writers come and go.
DESCRIPTORS = 3
enter = confinement.enter

# What nodes say above `info` because of a fault; anything else is unexplained.
EXPLAINED = (
    "append failed", "checkpoint failed", "commit failed", "connections are accepted again",
    "listening beyond loopback", "log not recovered", "log recovered",
    "no connection can be accepted", "subscriber refused", "the clock went back",
    "upstream link ended",
    "upstream lost", "views are made anew", "views not written", "connection closed")
LINE = re.compile(r"\S+Z (\w+) (.*)")


class NearKilled(FollowerKilled):
    """The others live on: of them memory is measured."""

    def candidates(self):
        return [self.world.near]


def run(context, report):
    seconds = context.options.count * 60
    mebibytes = LEAST_MEBIBYTES + seconds * MOST_PER_SECOND * EVENT_BYTES // MEBI
    world = World(context, PROBE_PER_SECOND, mebibytes)
    filled(context, world)
    world.recover()
    pace(world, report)
    rounds = faults.Rounds(world, report, random.Random(context.options.seed))
    kept = [kind for kind in KINDS if kind not in (LeaderKilled, FollowerKilled, ClockBehind)]
    rounds.kinds, rounds.first = kept + [NearKilled], []
    samples = collections.defaultdict(list)
    begun = time.monotonic()
    while time.monotonic() - begun < seconds:
        time.sleep(CALM_SECONDS)
        for node in (world.leader, world.far):
            samples[node.name].append((private_bytes(node), node.descriptors()))
        rounds.next()
    faults.settle(report, world)
    for name, found in samples.items():
        flat(report, name, found, context.options.count >= LEAST_MINUTES)
    unexplained(report, world)
    faults.judge(context, report, world)
    facts = rounds.facts()
    report.fact("rounds of faults", sum(value["times"] for value in facts.values()))
    report.fact("end of faults to all well, seconds", facts, json.dumps(facts))


def filled(context, world):
    """As many events as the node's bounded memories of recent ones hold."""
    for version in range(WARM_EVENTS // WARM_ENDPOINTS):
        context.fleet.run(
            "bench", "bulk", "--count", WARM_ENDPOINTS, "--nodes", 20, "--step", version,
            server=world.leader.address).succeeded()


def pace(world, report):
    before = world.acknowledged()
    time.sleep(PROBE_SECONDS)
    most = (world.acknowledged() - before) / PROBE_SECONDS
    load = min(most / 2, MOST_PER_SECOND)
    for writer in world.writers:
        writer.per_second = max(1, round(load / len(world.writers)))
    report.fact("mutations a second", {"most": round(most), "load": round(load)})
    report.step(f"{most:.0f} mutations a second are the most, {load:.0f} the load")


def flat(report, name, samples, is_long):
    third = max(1, len(samples) // 3)
    (memory, descriptors), (memory_now, descriptors_now) = (
        [median([sample[part] for sample in some]) for part in (0, 1)]
        for some in (samples[:third], samples[-third:]))
    detail = f"{memory / MEBI:.1f} MiB in the first third, {memory_now / MEBI:.1f} in the last"
    if is_long:
        report.check(f"the {name} node's memory is flat", memory_now <= memory * MOST_GROWTH,
                     detail)
    else:
        report.fact(f"the {name} node's memory, not judged", detail)
    report.check(f"the {name} node's descriptors are flat",
                 abs(descriptors_now - descriptors) <= DESCRIPTORS,
                 f"{descriptors}, then {descriptors_now}")
    report.fact(f"{name} node, MiB", [round(sample[0] / MEBI, 1) for sample in samples],
                f"{len(samples)} samples")


def unexplained(report, world):
    told, odd = collections.Counter(), []
    for node in world.nodes:
        with open(node.log, errors="replace") as file:
            for line in file:
                found = LINE.match(line)
                if found and found[1] in ("trace", "debug", "info"):
                    continue
                known = found and next(
                    (text for text in EXPLAINED if found[2].startswith(text)), None)
                if known:
                    told[known] += 1
                else:
                    odd.append(f"{node.name}: {line.strip()[:200]}")
    report.fact("said by the nodes", dict(told), json.dumps(told))
    report.check("no error in the logs is unexplained", not odd, odd[:3])
