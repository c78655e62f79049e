"""Leaders are killed or frozen under load, voters are promoted, and the deposed come back: each
acknowledged request stands once, at its seq, in the log that all then have; what left a log is
in a file beside it (G10, G11).
"""

import collections
import json
import random
import signal
import subprocess
import threading
import time

from campaigns.processes import Node, wait_until
from campaigns.report import Failed

COUNT = (200, 8)
NODES = 3
BATCH = 400
# From the load's first answer in a reign to what ends it.
SHORTEST, LONGEST = 0.05, 0.6
FATES = ("kill", "freeze", "plan")


class Load(threading.Thread):
    """`apply -f - -o json` to whoever leads, one after another, until told to stop. That some are
    not acknowledged is what happens in a failover; that lines are wrong is not."""

    def __init__(self, fleet, servers, seed):
        super().__init__(daemon=True)
        self.fleet = fleet
        self.servers = servers
        self.seed = seed
        self.acknowledged = {}
        self.repeated = []
        self.refused = 0
        self.failure = None
        self.ending = threading.Event()

    def run(self):
        try:
            batch = 0
            while not self.ending.is_set():
                documents = self.fleet.run(
                    "generate", "--count", BATCH, "--seed", self.seed + batch).output
                self.apply(documents)
                batch += 1
        except Exception as error:
            self.failure = repr(error)

    def apply(self, documents):
        with open(self.fleet.path("apply.log"), "ab") as errors:
            process = self.fleet.start(
                [self.fleet.binary, "apply", "-f", "-", "-o", "json", "--server", self.servers,
                 "--timeout", "20s"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors)
        feeder = threading.Thread(target=self.feed, args=[process.stdin, documents], daemon=True)
        feeder.start()
        for line in process.stdout:
            answer = json.loads(line)
            request = answer["requestID"]
            if request in self.acknowledged:
                self.repeated.append(request)
            self.acknowledged[request] = None if answer["result"] == "unchanged" else answer["seq"]
        feeder.join()
        self.refused += process.wait() != 0
        self.fleet.started.remove(process)

    @staticmethod
    def feed(pipe, documents):
        try:
            for line in documents.splitlines(True):
                pipe.write(line)
                pipe.flush()
                time.sleep(0.001)
            pipe.close()
        except BrokenPipeError:
            pass


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
    load = Load(fleet, cluster.servers, context.options.seed * 1_000)
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
    load.ending.set()
    load.join(90)
    if load.is_alive():
        raise Failed("the load did not end within 90 s of the last promotion")
    judge(report, cluster, load)
    times.sort()
    report.fact("promotions", dict(fates), json.dumps(fates))
    report.fact("refused, because another held more", refusals)
    report.fact("acknowledged", len(load.acknowledged))
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
    report.check("the load ran to its end", load.failure is None, load.failure or "")
    report.check("no request was acknowledged twice", not load.repeated, load.repeated[:3])
    head = cluster.leader.status()
    for node in cluster.others:
        wait_until(lambda: node.status()["chain"] == head["chain"], f"{node.name} has it all")
    report.equal("all have one log", {node.name: node.status()["chain"] for node in cluster.nodes})
    report.equal(
        "and one state", {node.name: node.status()["views"]["digest"] for node in cluster.nodes})
    seqs, counts = {}, collections.Counter()
    path = cluster.fleet.file_of("log.jsonl", "log", "-o", "json", "--server", cluster.leader.address)
    with open(path) as file:
        for line in file:
            event = json.loads(line)
            if event["requestID"]:
                counts[event["requestID"]] += 1
                seqs[event["requestID"]] = event["seq"]
    moved = [name for name, seq in load.acknowledged.items() if seq and seqs.get(name) != seq]
    twice = [name for name, count in counts.items() if count > 1]
    report.check("each acknowledged request stands at its seq", not moved,
                 moved[:3] or f"{len(load.acknowledged)} of them")
    report.check("no request stands twice", not twice, twice[:3] or f"{len(counts)} requests")
    orphaned = 0
    for node in cluster.nodes:
        tails = [json.loads(line) for line in cluster.fleet.run(
            "log", "--orphaned", "-o", "json", server=node.address).succeeded().output.splitlines()]
        orphaned += len(tails)
    report.fact("events in side files", orphaned)
