"""Real processes under faults of every kind, one by one and then two at a time: what was
acknowledged stands once, at its seq; every agent told a true story; and after each fault service
comes back by itself (G1, G2, G4 to G7, G9, G11, G12).
"""

import collections
import json
import random
import time

from campaigns import confinement
from campaigns.fault_kinds import KINDS
from campaigns.histories import changes, judge_agent, unseen
from campaigns.report import Failed
from campaigns.world import World
from campaigns.writers import judge as judge_writers

# Rounds: each kind alone, then pairs.
COUNT = (80, 12)
PER_SECOND = 450
DISK_MEBIBYTES = 384
enter = confinement.enter


class Rounds:
    """Faults by a seed, and how long service took to come back after each."""

    def __init__(self, world, report, dice, quick=False, only=""):
        self.world = world
        self.report = report
        self.dice = dice
        kinds = [kind for kind in KINDS if not (quick and kind.is_slow)
                 and any(part in kind(world, dice).name for part in only.split(","))]
        self.first = dice.sample(kinds, len(kinds))
        self.kinds = kinds
        self.recoveries = collections.defaultdict(list)

    def next(self):
        """One fault while some are left that were not yet alone; then two that overlap."""
        if self.first:
            fault = self.first.pop()(self.world, self.dice)
            self.play([fault], fault.name)
            return
        one = self.dice.choice(self.kinds)(self.world, self.dice)
        others = [kind for kind in self.kinds if kind.of.isdisjoint(one.of)]
        self.play([one, self.dice.choice(others)(self.world, self.dice)], "two at a time")

    def play(self, faults, name):
        names = " and ".join(fault.name for fault in faults)
        try:
            for fault in faults:
                fault.begin()
                time.sleep(self.dice.uniform(*fault.lasts) / len(faults))
            if len(faults) == 1:
                faults[0].check()
            for fault in faults:
                fault.end()
            begun = time.monotonic()
            self.world.recover()
        except Failed as error:
            raise Failed(f"{names}: {error}") from None
        taken = time.monotonic() - begun
        self.recoveries[name].append(taken)
        self.report.step(f"{names}: well again after {taken:.1f} s,"
                         f" {self.world.acknowledged()} acknowledged")

    def facts(self):
        return {name: {"times": len(times), "p50": round(sorted(times)[len(times) // 2], 1),
                       "max": round(max(times), 1)}
                for name, times in sorted(self.recoveries.items())}


def run(context, report):
    options = context.options
    world = World(context, PER_SECOND, DISK_MEBIBYTES)
    rounds = Rounds(world, report, random.Random(options.seed), options.quick, options.only)
    world.recover()
    begun = time.monotonic()
    for _ in range(options.count):
        if options.seconds and time.monotonic() - begun > options.seconds:
            break
        rounds.next()
    settle(report, world)
    judge(context, report, world)
    facts = rounds.facts()
    report.fact("end of a fault to all well, seconds", facts,
                "; ".join(f"{name} {json.dumps(value)}" for name, value in facts.items()))


def settle(report, world):
    """The load ends, and all come to the head."""
    for writer in world.writers:
        if not writer.finish():
            raise Failed("a writer did not end within 90 s of the last fault")
    world.recover()
    report.step("the load has ended")
    report.fact("answers with a code", dict(sum((writer.codes for writer in world.writers),
                                                collections.Counter())))
    report.fact("connections cut", sum(proxy.cuts for proxy in world.proxies))
    report.fact("writers killed", sum(writer.killed for writer in world.writers))
    odd = [code for writer in world.writers for code in writer.codes if " " in code]
    report.check("each failure of a write has a code", not odd, odd[:2])


def judge(context, report, world):
    fleet = context.fleet
    status = {node.name: node.status() for node in world.nodes}
    report.equal("all nodes have one log", {name: one["chain"] for name, one in status.items()})
    report.equal("and one state", {
        **{name: one["views"]["digest"] for name, one in status.items()},
        **{agent.name: agent.digest for agent in world.agents
           if not world.selections[agent.name].options}})
    judge_writers(report, world.writers, fleet.file_of(
        "log.jsonl", "log", "-o", "json", "--server", world.leader.address))
    for agent in world.agents:
        agent.kill()
    for node in world.nodes:
        node.stop()
        verified = fleet.run("verify", "--data", node.data)
        report.check(f"verify finds nothing in the {node.name} node's log", verified.code == 0,
                     (verified.errors or verified.text).strip()[:200])
    log = list(changes(world.leader.data))
    by_seq = {change.seq: change for change in log}
    report.fact("changes", len(log))
    for agent in world.agents:
        faults, marks = judge_agent(
            fleet.path(agent.name + ".history"), world.selections[agent.name], log, by_seq)
        report.check(f"agent `{agent.name}` told a true story", not faults,
                     faults[:3] or f"{marks} marks, {agent.puts} puts, {agent.deletes} deletes,"
                     f" {dict(agent.ways)}")
    missed, planted = unseen(
        fleet.path("tier.history"), world.selections["tier"], log, by_seq)
    report.check("faults planted into an agent's story are found", planted and not missed,
                 missed or f"{planted} of {planted}")
    report.check("no agent found a wrong digest",
                 not any(agent.reports for agent in world.agents))
