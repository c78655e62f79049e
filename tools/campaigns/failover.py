"""Leaders are killed or frozen under load, voters are promoted, and the deposed come back: each
acknowledged request stands once, at its seq, in the log that all then have; what left a log is
in a file beside it (G10, G11).
"""

import collections
import json
import random
import signal
import time

from campaigns.processes import Node, wait_until
from campaigns.report import Failed
from campaigns.writers import Writer, generated
from campaigns.writers import judge as judge_writers

COUNT = (200, 8)
NODES = 3
BATCH, PER_SECOND = 400, 1_000
# From the load's first answer in a reign to what ends it.
SHORTEST, LONGEST = 0.05, 0.6
FATES = ("kill", "freeze", "plan")


class Cluster:
    def __init__(self, fleet):
        self.fleet = fleet
        self.nodes = [Node(fleet, f"n{number}", []) for number in range(NODES)]
        for node in self.nodes:
            others = ",".join(other.address for other in self.nodes if other is not node)
            node.command = ["follower", "--upstream", others]
        self.leader = self.nodes[0]
        following, self.leader.command = self.leader.command, ["leader", "--min-acks", "1"]
        self.leader.start()
        self.leader.command = following
        for node in self.nodes[1:]:
            node.start()
            self.enrol(node)

    @property
    def servers(self):
        return ",".join(node.address for node in self.nodes)

    @property
    def others(self):
        return [node for node in self.nodes if node is not self.leader]

    def members(self):
        return json.loads(self.fleet.run(
            "members", "-o", "json", server=self.leader.address).succeeded().text)

    def enrol(self, node):
        """It votes, and the change is settled."""
        def enrolled():
            added = self.fleet.run("members", "add", node.address, server=self.leader.address)
            known = "voter-known" in added.codes()
            return known and self.members()["unsettledSince"] is None
        wait_until(enrolled, f"{node.name} votes")

    def promote(self, choice):
        """One of the voters; whoever holds less than another is refused."""
        refusals = []
        for node in choice:
            promoted = self.fleet.run("promote", server=node.address)
            if promoted.code == 0:
                self.leader = node
                return len(refusals)
            refusals.append(promoted.errors.strip())
        raise Failed(f"nobody could be promoted: {refusals}")

    def follows(self, node):
        """It has the leader's epoch, and is a follower."""
        epoch = self.leader.status()["epoch"]

        def caught_up():
            status = self.fleet.run("status", "-o", "json", server=node.address)
            if status.code:
                return False
            found = json.loads(status.text)
            return found["role"] == "follower" and found["epoch"] == epoch
        wait_until(caught_up, f"{node.name} follows {self.leader.name}")


def run(context, report):
    fleet, count = context.fleet, context.options.count
    dice = random.Random(context.options.seed)
    cluster = Cluster(fleet)
    load = Writer(
        fleet, cluster.servers, generated(fleet, BATCH, context.options.seed * 1_000), PER_SECOND)
    load.start()
    fates, refusals, times = collections.Counter(), 0, []
    for number in range(count):
        before = len(load.acknowledged)
        wait_until(lambda: len(load.acknowledged) > before or load.failure, "the load goes on")
        if load.failure:
            break
        time.sleep(SHORTEST + (LONGEST - SHORTEST) * dice.random())
        fate = dice.choice(FATES)
        fates[fate] += 1
        begun = time.monotonic()
        refusals += reign_ends(cluster, fate, dice)
        times.append(time.monotonic() - begun)
        if (number + 1) % 10 == 0:
            report.step(f"{number + 1} promotions, {len(load.acknowledged)} acknowledged")
    if not load.finish(90):
        raise Failed("the load did not end within 90 s of the last promotion")
    judge(report, cluster, load)
    times.sort()
    report.fact("promotions", dict(fates), json.dumps(fates))
    report.fact("refused, because another held more", refusals)
    report.fact("loads with some not acknowledged", load.refused)
    report.fact("end of a reign to all following, seconds", {
        "p50": round(times[len(times) // 2], 2), "max": round(times[-1], 2)})


def reign_ends(cluster, fate, dice):
    old, choice = cluster.leader, cluster.others
    dice.shuffle(choice)
    if fate == "kill":
        old.kill()
    elif fate == "freeze":
        old.process.send_signal(signal.SIGSTOP)
    refused = cluster.promote(choice)
    if fate == "kill":
        old.start()
    elif fate == "freeze":
        old.process.send_signal(signal.SIGCONT)
    for node in cluster.others:
        cluster.follows(node)
    cluster.enrol(old)
    return refused


def judge(report, cluster, load):
    head = cluster.leader.status()
    for node in cluster.others:
        wait_until(lambda: node.status()["chain"] == head["chain"], f"{node.name} has it all")
    report.equal("all have one log", {node.name: node.status()["chain"] for node in cluster.nodes})
    report.equal(
        "and one state", {node.name: node.status()["views"]["digest"] for node in cluster.nodes})
    judge_writers(report, [load], cluster.fleet.file_of(
        "log.jsonl", "log", "-o", "json", "--server", cluster.leader.address))
    orphaned = 0
    for node in cluster.nodes:
        tails = [json.loads(line) for line in cluster.fleet.run(
            "log", "--orphaned", "-o", "json", server=node.address).succeeded().output.splitlines()]
        orphaned += len(tails)
    report.fact("events in side files", orphaned)
