"""Everyone holds the same: leader, follower, two agents in two languages, a rebuilt view, and a
script that has nothing but sqlite3 and hashlib. A damaged item in an agent is found and mended.
"""

import json
import os
import subprocess
import sys
import time

from campaigns.documents import sample
from campaigns.processes import wait_until
from campaigns.report import Failed
from campaigns.watchers import python_watch, swift_watch

COUNT = (100_000, 2_000)
RECOMPUTE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "recompute.py")


def run(context, report):
    fleet = context.fleet
    leader = fleet.leader()
    follower = fleet.follower(leader.address)
    agents = [
        swift_watch(fleet, "swift agent", follower.address).start(),
        python_watch(fleet, "python agent", leader.address, context.client).start(),
    ]
    load(context, report, leader)
    damage(context, report, leader)

    head = leader.status()["seq"]
    digests = {agent.name: agent.reaches(head) for agent in agents}
    report.step(f"the agents are in sync at seq {head}")
    wait_until(lambda: follower.status()["views"]["seq"] == head, "the follower's views")
    for node in (leader, follower):
        digests[node.name] = node.status()["views"]["digest"]
    digests["rebuilt follower"] = rebuild(follower)
    report.step("the follower's views are made anew")

    for node in (follower, leader):
        node.stop()
        fleet.run("verify", "--data", node.data).succeeded()
        found = recompute(node.data)
        digests[f"script on the {node.name}'s log"] = found["digest"]
        report.check(f"the {node.name}'s log ends at the head", found["seq"] == head,
                     f"seq {found['seq']}, {found['endpoints']} endpoints")
    report.fact("events", head)
    report.fact("digest", digests["leader"])
    report.equal("all digests agree", digests)


def load(context, report, leader):
    """Applies generated endpoints; the seed is the campaign's."""
    count = context.options.count
    path = context.fleet.file_of(
        "load.jsonl", "generate", "--count", count, "--seed", context.options.seed)
    begun = time.monotonic()
    result = context.fleet.run("apply", "-f", path, "-o", "json", server=leader.address)
    report.fact("apply seconds", round(time.monotonic() - begun, 2))
    created = sum(line["result"] == "created" for line in result.succeeded().lines)
    report.check("every endpoint is created", created == count, f"{created} of {count}")
    report.step(f"{count} endpoints are applied")


def damage(context, report, leader):
    """An agent that spoils one item which it holds must notice at the next mark, and mend it.
    (The same of the Swift agent is proven in CattailClientTests, which can reach its cache.)"""
    head = leader.status()["seq"]
    agent = python_watch(
        context.fleet, "damaged agent", leader.address, context.client,
        more=["--damage-after-seq", str(head)]).start()
    agent.reaches(head)
    for version in ("v1", "v2"):
        head = touch(context, leader, version)
    agent.reaches(head)
    wait_until(lambda: agent.reports and agent.in_sync, "the damage to be reported")
    held = leader.status()["views"]["digest"]
    report.check("a damaged item is noticed and reported", bool(agent.reports), agent.reports[:1])
    report.check("a damaged item is mended", agent.digest == held, agent.digest[:16] + "…")
    agent.kill()


def touch(context, leader, version):
    result = context.fleet.run(
        "apply", "-f", "-", "-o", "json", server=leader.address,
        input=json.dumps(sample(version=version)))
    return result.succeeded().lines[0]["seq"]


def rebuild(node):
    """Deletes the views of the stopped node; the digest that it holds after the next start."""
    node.stop()
    os.remove(os.path.join(node.data, "views.sqlite"))
    node.start()
    status = node.status()
    if status["views"]["seq"] != status["seq"]:
        raise Failed(f"{node.name} made its views only to seq {status['views']['seq']}")
    return status["views"]["digest"]


def recompute(directory):
    result = subprocess.run(
        [sys.executable, RECOMPUTE, directory], capture_output=True, text=True)
    if result.returncode:
        raise Failed(result.stderr.strip())
    return json.loads(result.stdout)
