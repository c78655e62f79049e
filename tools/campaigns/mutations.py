"""Two clients in two languages hold equal digests after random mutations, with selections, cut
connections, killed agents and a follower that is killed and started again (G6, G8).
"""

import random
import time

from campaigns.documents import Mutator, lines
from campaigns.proxy import FaultyProxy
from campaigns.report import Failed
from campaigns.watchers import python_watch, swift_watch

COUNT = (50_000, 2_500)
BATCHES = 100
# The follower is killed when so much of the work is done; at some moments an agent is.
FOLLOWER_KILLS = (0.35, 0.7)
AGENT_KILLS = 10
# An agent that was killed comes back so many batches later, with what its state file holds.
AGENT_AWAY = 5


def selections(documents):
    node = documents[0]["spec"]["node"]
    namespace = documents[1]["metadata"]["namespace"]
    return {
        "all": {},
        "tier": {"selector": 'tier == "frontend"'},
        "canary": {"selector": 'has(canary) && canary != "no" || tier in {"data"}'},
        "node": {"selector": "!has(canary)", "node": node},
        "namespace": {"namespace": namespace},
    }


def run(context, report):
    fleet, options = context.fleet, context.options
    documents = generated(context)
    chosen = selections(documents)
    leader = fleet.leader()
    # The link of the follower is cut as well.
    upstream = FaultyProxy(fleet.port(), leader.address, options.seed + 1)
    follower = fleet.follower(upstream.address)
    proxy = FaultyProxy(fleet.port(), follower.address, options.seed + 2)
    proxy.is_cutting = upstream.is_cutting = True
    agents = {
        name: (
            swift_watch(fleet, f"swift-{name}", proxy.address, selection).start(),
            python_watch(
                fleet, f"python-{name}", proxy.address, context.client, selection).start())
        for name, selection in chosen.items()}
    made, killed = mutate(
        context, report, Mutator(documents, options.seed), leader, follower, proxy, agents)
    proxy.is_cutting = upstream.is_cutting = False
    report.step(f"{made} mutations are made")
    judge(context, report, leader, follower, chosen, agents)

    report.fact("mutations", made)
    report.fact("cuts of agents", proxy.cuts)
    report.fact("cuts of the follower's link", upstream.cuts)
    report.fact("kills of the follower", len(FOLLOWER_KILLS))
    report.fact("kills of Swift agents", killed)
    for kind in (0, 1):
        ways = sum((pair[kind].ways for pair in agents.values()), type(agents["all"][0].ways)())
        report.fact(("Swift", "Python")[kind] + " agents resumed by", dict(ways))
    report.check("agents resumed many times", proxy.cuts >= len(agents), proxy.cuts)


def generated(context):
    """Endpoints enough that each is changed several times, on few nodes."""
    count = max(200, context.options.count // 10)
    output = context.fleet.run(
        "generate", "--count", count, "--seed", context.options.seed, "--nodes",
        max(3, count // 500))
    return output.succeeded().lines


def mutate(context, report, mutator, leader, follower, proxy, agents):
    moments = random.Random(context.options.seed)
    count = context.options.count
    size, made, killed = max(1, count // BATCHES), 0, 0
    follower_kills = [int(share * BATCHES) for share in FOLLOWER_KILLS]
    number, away = 0, None
    while made < count:
        number += 1
        made += apply(context, mutator, leader, min(size, count - made))
        if moments.random() < 0.3:
            proxy.cut_all()
        if number in follower_kills:
            follower.kill()
            made += apply(context, mutator, leader, min(size, count - made))
            follower.start()
            report.step(f"the follower is back after {made} mutations")
        if number % (BATCHES // AGENT_KILLS) == 0:
            away = agents[moments.choice(sorted(agents))][0]
            away.kill()
            killed += 1
        elif away and number % (BATCHES // AGENT_KILLS) == AGENT_AWAY:
            away.start()
            away = None
        time.sleep(0.02)
    if away:
        away.start()
    return made, killed


def apply(context, mutator, leader, count):
    if count == 0:
        return 0
    command, documents = mutator.batch(count)
    result = context.fleet.run(
        command, "-f", "-", "-o", "json", server=leader.address, input=lines(documents))
    done = sum(line["result"] != "unchanged" for line in result.succeeded().lines)
    if done != count:
        raise Failed(f"{done} of {count} mutations made an event")
    if command == "delete":
        mutator.deleted(documents)
    return count


def judge(context, report, leader, follower, chosen, agents):
    head = leader.status()["seq"]
    report.fact("head", head)
    for name, pair in agents.items():
        digests = {agent.name: agent.reaches(head) for agent in pair}
        digests["a fresh watch of the leader"], held = fresh(context, leader, chosen[name])
        report.equal(f"digests of {name}, {held} endpoints", digests)
        report.check(f"{name}: nobody found a wrong digest", not any(a.reports for a in pair),
                     [a.reports[:1] for a in pair if a.reports])
    status = {node.name: node.status()["views"]["digest"] for node in (leader, follower)}
    status["swift-all"] = agents["all"][0].digest
    report.equal("digests of the nodes", status)


def fresh(context, leader, selection):
    watch = swift_watch(context.fleet, "fresh", leader.address, selection, state=False)
    result = context.fleet.run(*watch.command[1:], "--until-in-sync").succeeded()
    marks = [line for line in result.lines if line["type"] == "mark"]
    return marks[-1]["digest"], sum(line["type"] == "put" for line in result.lines)
