"""The leader is killed with -9 again and again under a load that is acknowledged line by line, over
a log of a million events: each acknowledged request stands exactly once in the log, any other at
most once (G1, G11); and it takes writes again within two seconds.
"""

import json
import os
import random
import time

from campaigns.agree import recompute
from campaigns.documents import sample
from campaigns.figures import cpu_seconds
from campaigns.load import MEBI
from campaigns.processes import wait_until
from campaigns.report import Failed
from campaigns.writers import Writer, generated, judge

COUNT = (300, 30)
# Endpoints of the log that is there before, and how often each was changed.
ENDPOINTS, VERSIONS = (100_000, 2_000), 10
# The last of them come in bursts, each ended by a kill: they leave as much WAL as there may be.
BURSTS = 5
# Each so many kills the client is killed too, with requests under way that it never sees answered.
CLIENT_KILLS = 4
# Documents of one `apply`, and how many are offered in a second: so that the log stays of a
# size that can be read whole at the end.
BATCH, PER_SECOND = (4_000, 500), (4_000, 500)
# From ready to kill.
SHORTEST, LONGEST = 0.05, 0.8
CLIENT_TIMEOUT = "30s"
GOAL_SECONDS = 2.0


class Starts:
    """How long the leader took to be ready, and to acknowledge a put of a client that came then."""

    def __init__(self, fleet, leader):
        self.fleet = fleet
        self.leader = leader
        # Seconds since exec; and what the leader computed until it was ready, which others that
        # compute on the same machine do not lengthen.
        self.ready, self.acknowledged, self.computed = [], [], []

    def start(self):
        wal = os.path.join(self.leader.data, "log.sqlite-wal")
        mebibytes = (os.path.getsize(wal) if os.path.exists(wal) else 0) / MEBI
        begun = time.monotonic()
        self.leader.start()
        self.ready.append(time.monotonic() - begun)
        self.computed.append(cpu_seconds(self.leader))
        document = json.dumps(sample(version=f"start-{len(self.ready)}"))
        self.fleet.run(
            "apply", "-f", "-", server=self.leader.address, input=document).succeeded()
        self.acknowledged.append(time.monotonic() - begun)
        return mebibytes

    def facts(self):
        return {name: {"p50": round(sorted(times)[len(times) // 2], 3), "max": round(max(times), 3)}
                for name, times in (("ready", self.ready), ("acknowledged", self.acknowledged),
                                    ("computed until ready", self.computed))}


def run(context, report):
    fleet, kills, quick = context.fleet, context.options.count, context.options.quick
    moments = random.Random(context.options.seed)
    leader = fleet.leader()
    full = filled(context, report, leader, ENDPOINTS[quick])
    before = leader.status()["seq"]
    load = Writer(
        fleet, leader.address,
        generated(fleet, BATCH[quick], context.options.seed * 1_000 + 500), PER_SECOND[quick],
        CLIENT_TIMEOUT)
    load.start()
    starts, known = Starts(fleet, leader), 0
    for number in range(kills):
        # Killed under load each time, however long the client had paused.
        wait_until(lambda: len(load.acknowledged) > known or load.failure, "the load goes on")
        if load.failure:
            break
        time.sleep(SHORTEST + (LONGEST - SHORTEST) * moments.random())
        leader.kill()
        if number % CLIENT_KILLS == CLIENT_KILLS - 1 and load.process:
            load.process.kill()
        known = len(load.acknowledged)
        starts.start()
        if (number + 1) % 10 == 0:
            report.step(f"{number + 1} kills, {len(load.acknowledged)} acknowledged")
    if not load.finish(60):
        raise Failed("the load did not end within 60 s of the last kill")
    report.step("the load has ended")
    settle(context, report, leader, load, before)
    report.fact("kills, each with acknowledgements since the last", len(starts.ready))
    report.fact("kills of the client", load.killed)
    report.fact("results", dict(load.results), json.dumps(load.results))
    told(report, full, starts)


def filled(context, report, leader, endpoints):
    """The log that is there before the load; its last events leave a long WAL behind each time."""
    fleet = context.fleet
    for version in range(VERSIONS - 2):
        bulk(fleet, leader, endpoints, version)
    report.step(f"{leader.status()['seq']} events are there")
    starts, left = Starts(fleet, leader), []
    part = 2 * endpoints // BURSTS
    for burst in range(BURSTS):
        bulk(fleet, leader, part, VERSIONS + burst)
        leader.kill()
        left.append(starts.start())
    report.fact("events before the load", leader.status()["seq"])
    report.fact("WAL left by a kill, MiB", [round(mebibytes) for mebibytes in left])
    return starts


def bulk(fleet, leader, count, step):
    fleet.run("bench", "bulk", "--count", count, "--step", step, "--nodes", max(1, count // 100),
              server=leader.address).succeeded()


def settle(context, report, leader, load, before):
    fleet = context.fleet
    report.check("every apply that lived ended well, its writes retried", not load.refused,
                 dict(load.codes) or f"{load.batches} of them")
    judge(report, [load], fleet.file_of(
        "log.jsonl", "log", "-o", "json", "--from", before + 1, "--server", leader.address))
    verified = fleet.run("verify", "-o", "json", server=leader.address)
    report.check("verify finds nothing", verified.code == 0,
                 verified.errors.strip() or verified.text.strip())
    status = leader.status()
    leader.stop()
    found = recompute(leader.data)
    report.fact("events", found["seq"])
    report.equal("the digest agrees with a script's", {
        "leader": status["views"]["digest"], "script": found["digest"]})


def told(report, full, starts):
    for name, facts in (("with a long WAL", full.facts()), ("under load", starts.facts())):
        report.fact(f"from exec, {name}, seconds", facts, json.dumps(facts))
        slowest = facts["acknowledged"]["p50"]
        report.check(f"a put is acknowledged again within 2 s, {name}, in the median",
                     slowest <= GOAL_SECONDS, f"{slowest} s")
