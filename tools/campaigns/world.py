"""A small world to break: a leader and a follower on small disks, a follower behind a network of
its own, agents and writers on both sides, links that go through proxies of ours.
"""

import json
import random
import signal

from campaigns.confinement import Clock, FarNetwork, SmallDisk
from campaigns.documents import sample
from campaigns.histories import Selection
from campaigns.processes import Node, wait_until
from campaigns.proxy import FaultyProxy
from campaigns.report import Failed
from campaigns.watchers import python_watch, swift_watch
from campaigns.writers import Writer

POOL, BATCH = 200, 150
NODE, NAMESPACE, TIER = "node-00001", "shop", "frontend"
# A dead link is noticed after three intervals of ping of 10 s, and a client's pauses grow.
RECOVERY_SECONDS = 75


class FarNode(Node):
    """A node that only its own network reaches."""

    def status(self):
        return json.loads(self.fleet.run(
            "status", "-o", "json", server=self.address, wrapper=self.wrapper).succeeded().text)


class World:
    def __init__(self, context, per_second, disk_mebibytes):
        self.fleet = fleet = context.fleet
        self.seed = context.options.seed
        self.probes = 0
        self.clock = Clock(fleet.path("clock"))
        self.network = FarNetwork(fleet, "a", 7)
        self.disks = {name: SmallDisk(fleet.path(name + "-disk"), disk_mebibytes)
                      for name in ("leader", "near")}
        self.leader = self.make_leader()
        self.upstream = self.proxy(self.leader.address)
        self.near = Node(fleet, "near", ["follower", "--upstream", self.upstream.address],
                         data=self.disks["near"].path + "/data").start()
        self.far = FarNode(fleet, "far", ["follower", "--upstream", self.advertised],
                           wrapper=self.network.wrapper).start()
        self.proxies = [self.upstream, self.proxy(self.leader.address),
                        self.proxy(self.near.address)]
        self.agents = self.make_agents(context.client)
        self.writers = self.make_writers(per_second)

    @property
    def nodes(self):
        return [self.leader, self.near, self.far]

    def proxy(self, upstream):
        self.probes += 1
        return FaultyProxy(self.fleet.port(), upstream, self.seed * 10 + self.probes)

    def make_leader(self):
        port = self.fleet.port()
        self.advertised = f"{self.network.here}:{port}"
        leader = Node(
            self.fleet, "leader", ["leader", "--insecure", "--advertise", self.advertised],
            data=self.disks["leader"].path + "/data", port=port, wrapper=self.clock.wrapper,
            environment=self.clock.environment)
        # Of this world, which nobody else sees.
        leader.listen = f"0.0.0.0:{port}"
        return leader.start()

    def make_agents(self, client):
        fleet, far = self.fleet, self.network.wrapper
        by_leader, by_near = self.proxies[1].address, self.proxies[2].address
        self.selections = {
            "all": Selection(), "tier": Selection(tier=TIER), "node": Selection(node=NODE),
            "far": Selection(namespace=NAMESPACE), "far-link": Selection()}
        options = {name: selection.options for name, selection in self.selections.items()}
        agents = [
            swift_watch(fleet, "all", by_leader, options["all"]),
            swift_watch(fleet, "tier", f"{self.near.address},{self.leader.address}",
                        options["tier"]),
            python_watch(fleet, "node", by_near, client, options["node"],
                         ["--state", fleet.path("node.state")]),
            swift_watch(fleet, "far", self.far.address, options["far"], wrapper=far),
            swift_watch(fleet, "far-link", self.advertised, options["far-link"], wrapper=far)]
        return [agent.recording(fleet.path(agent.name + ".history")).start() for agent in agents]

    def make_writers(self, per_second):
        """Directly, through a proxy that cuts, and through a follower that sends them on."""
        ways = [f"{self.leader.address},{self.near.address}", self.proxies[1].address,
                self.near.address]
        writers = [
            Writer(self.fleet, way, Mutations(self.fleet, self.seed * 100 + number).batch,
                   max(1, per_second // len(ways)), "20s")
            for number, way in enumerate(ways)]
        for writer in writers:
            writer.start()
        return writers

    def acknowledged(self):
        return sum(len(writer.acknowledged) for writer in self.writers)

    def put(self, timeout="5s", server=None):
        """One put that every selection is touched by: the command's result."""
        self.probes += 1
        document = sample("probe-0", NAMESPACE, f"v{self.probes}")
        document["metadata"]["labels"]["tier"] = TIER
        document["metadata"]["name"] = document["metadata"]["name"].replace("node1", "node--00001")
        document["spec"]["node"] = NODE
        return self.fleet.run("apply", "-f", "-", "-o", "json", "--timeout", timeout,
                              server=server or self.leader.address, input=json.dumps(document))

    def recover(self):
        """Waits until a put is acknowledged and has come to every node and agent."""
        self.alive()
        answer = wait_until(lambda: self.acknowledging(), "the leader to take a put",
                            RECOVERY_SECONDS)
        seq = answer.lines[0]["seq"]
        for node in self.nodes:
            wait_until(lambda: self.is_well(node, seq), f"{node.name} to have seq {seq}",
                       RECOVERY_SECONDS)
        for agent in self.agents:
            agent.reaches(seq, RECOVERY_SECONDS)
        self.alive()

    def acknowledging(self):
        answer = self.put()
        return answer if answer.code == 0 else None

    def is_well(self, node, seq):
        status = self.asked(node)
        return (status is not None and status["seq"] >= seq and not status["readOnly"]
                and not status["staleSince"])

    def asked(self, node, timeout="5s"):
        """Its status, or None while it gives none."""
        answer = self.fleet.run("status", "-o", "json", "--timeout", timeout,
                                server=node.address, wrapper=node.wrapper)
        return json.loads(answer.text) if answer.code == 0 else None

    def alive(self):
        for process in self.nodes + self.agents:
            if process.process.poll() is not None:
                raise Failed(f"{process.name} ended with {process.process.returncode};"
                             f" {process.log} says why")
        for writer in self.writers:
            if writer.failure:
                raise Failed(writer.failure)

    def freeze(self, what):
        what.process.send_signal(signal.SIGSTOP)

    def thaw(self, what):
        what.process.send_signal(signal.SIGCONT)


class Mutations:
    """Puts of a pool of endpoints, which move in and out of selections, and deletes of them."""

    def __init__(self, fleet, seed):
        self.random = random.Random(seed)
        self.step = 0
        self.pool = fleet.run(
            "generate", "--count", POOL, "--seed", seed, "--nodes", 3).succeeded().lines

    def batch(self, _):
        chosen = [self.random.choice(self.pool) for _ in range(BATCH)]
        if self.random.random() < 0.15:
            return "delete", lines(chosen[:BATCH // 5])
        return "apply", [line for document in chosen for line in lines([self.changed(document)])]

    def changed(self, document):
        self.step += 1
        labels = document["metadata"]["labels"]
        labels["step"] = str(self.step)
        labels["tier"] = self.random.choice(["frontend", "backend", "data"])
        return document


def lines(documents):
    """Each as it is now: it may be changed again in the same batch."""
    return [json.dumps(document, separators=(",", ":")).encode() + b"\n" for document in documents]
