"""What no peer, file or user may do to a process (G12): each class of bad input is fed twice to a
node that goes on; the second time must leave it as the first did, and a put and a get must work.
"""

from campaigns import (
    bad_connections, bad_directories, bad_documents, bad_files, bad_leader, bad_messages,
    bad_server, bad_vectors)
from campaigns.documents import sample
from campaigns.report import Failed

# Seeded places in each file of a log, for each way of damaging it.
COUNT = (500, 12)
GROWTH = 1.2
PROMPT_SECONDS = 1.0


def classes():
    for module in (
            bad_vectors, bad_documents, bad_connections, bad_messages, bad_leader, bad_server,
            bad_directories, bad_files):
        yield from module.CLASSES


def run(context, report):
    leader = context.fleet.leader("node under test")
    for number in range(3):
        context.fleet.put_and_get(leader.address, sample(version=f"warm-{number}"))
    totals = {"cases": 0, "codes": {}}
    for bad in classes():
        if context.options.only in bad.name:
            judge(context, report, leader, bad(context), totals)
    report.fact("cases", totals["cases"])
    report.fact("codes", dict(sorted(totals["codes"].items())),
                " ".join(f"{code}={count}" for code, count in sorted(totals["codes"].items())))
    leader.stop()


def judge(context, report, leader, bad, totals):
    """Two rounds of one class, what each case said, and what they left behind."""
    rounds = 1 if bad.IS_SLOW and context.options.quick else bad.ROUNDS
    cases, usage = [], []
    try:
        target = bad.target(leader)
        for number in range(1, rounds + 1):
            cases += bad.run(target, number)
            usage.append(target.settled_usage())
        bad.recover(target)
        seconds = bad.prompt(leader, target, sample(version=bad.name.replace(" ", "-")))
        bad.close(target)
    except Failed as error:
        report.check(bad.name, False, str(error))
        return
    record(report, bad, cases, rounds, totals)
    if rounds == 2:
        (memory, descriptors), (memory_now, descriptors_now) = usage
        report.check(f"{bad.name}: memory", memory_now <= memory * GROWTH,
                     f"{memory >> 20} MiB, then {memory_now >> 20} MiB")
        report.check(f"{bad.name}: descriptors", descriptors_now == descriptors,
                     f"{descriptors}, then {descriptors_now}")
    report.check(f"{bad.name}: a put and a get", seconds < PROMPT_SECONDS, f"{seconds:.3f} s")
    report.step(bad.name)


def record(report, bad, cases, rounds, totals):
    # Both rounds find the same, or it is worth two lines.
    wrong = dict.fromkeys(f"{case.name}: {case.found or 'nothing'}; wanted {case.wanted}"
                          for case in cases if not case.holds)
    totals["cases"] += len(cases)
    for case in cases:
        totals["codes"][case.code] = totals["codes"].get(case.code, 0) + 1
    report.check(bad.name, cases and not wrong,
                 list(wrong) or f"{len(cases)} cases in {rounds} rounds")
