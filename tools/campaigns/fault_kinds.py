"""What can be done to a world, one class for each kind: how it begins, what must be seen while it
lasts, and how it ends. Nothing is repaired by hand but the fault itself."""

import os
import resource

from campaigns.processes import wait_until
from campaigns.report import Failed

# Seconds that a state may take to show.
SHOWS = 15
MEBI = 1 << 20


class Fault:
    name = ""
    # What it is done to: two faults at a time are of different things.
    of = set()
    # Seconds that it lasts, at least and at most.
    lasts = (0.5, 3.0)
    is_slow = False

    def __init__(self, world, dice):
        self.world = world
        self.dice = dice

    def begin(self):
        pass

    def check(self):
        """What must be seen meanwhile; `Failed` when it is not."""

    def end(self):
        pass

    def expect_codes(self, *codes):
        answer = self.world.put("2s")
        found = set(answer.codes())
        if answer.code != 1 or not found or found - set(codes):
            raise Failed(f"a put meanwhile ended with {answer.code}: {answer.errors.strip()}")

    def expect_writes(self):
        self.world.put("10s").succeeded()

    def expect(self, node, what, holds, seconds=SHOWS):
        def shows():
            status = self.world.asked(node)
            return status and holds(status)
        wait_until(shows, f"{node.name} to say {what}", seconds)


class LeaderKilled(Fault):
    name, of = "leader killed", {"leader"}

    def begin(self):
        self.world.leader.kill()

    def check(self):
        self.expect_codes("unreachable")
        self.expect(self.world.near, "stale", lambda status: status["staleSince"])

    def end(self):
        self.world.leader.start()


class LeaderFrozen(Fault):
    name, of = "leader frozen", {"leader"}

    def begin(self):
        self.world.freeze(self.world.leader)

    def check(self):
        self.expect_codes("unreachable", "outcome-unknown")
        self.world.near.status()

    def end(self):
        self.world.thaw(self.world.leader)


class FollowerKilled(Fault):
    name, of = "follower killed", {"follower"}

    def candidates(self):
        return [self.world.near, self.world.far]

    def begin(self):
        self.node = self.dice.choice(self.candidates())
        self.node.kill()

    def check(self):
        self.expect_writes()

    def end(self):
        self.node.start()


class FollowerFrozen(FollowerKilled):
    name, of = "follower frozen", {"follower"}

    def begin(self):
        self.node = self.dice.choice(self.candidates())
        self.world.freeze(self.node)

    def end(self):
        self.world.thaw(self.node)


class AgentKilled(Fault):
    name, of = "agent killed", {"agent"}

    def begin(self):
        self.agent = self.dice.choice(self.world.agents)
        self.agent.kill()

    def check(self):
        self.expect_writes()

    def end(self):
        self.agent.start()


class AgentFrozen(AgentKilled):
    name, of = "agent frozen", {"agent"}

    def begin(self):
        self.agent = self.dice.choice(self.world.agents)
        self.world.freeze(self.agent)

    def end(self):
        self.world.thaw(self.agent)


class WriterKilled(Fault):
    name, of = "writer killed", {"writer"}
    lasts = (0.1, 0.5)

    def begin(self):
        process = self.dice.choice(self.world.writers).process
        if process:
            process.kill()


class Link(Fault):
    of = {"link"}

    def end(self):
        for proxy in self.world.proxies:
            proxy.heal()


class LinksCut(Link):
    """Again and again, at any byte of either direction."""

    name = "links cut"

    def begin(self):
        for proxy in self.world.proxies:
            proxy.longest = 50_000
            proxy.is_cutting = True


class LinksDelayed(Link):
    name = "links delayed"

    def begin(self):
        for proxy in self.world.proxies:
            proxy.delay_seconds = self.dice.uniform(0.02, 0.3)


class Partition(Link):
    name = "partition"

    def begin(self):
        self.dice.choice(self.world.proxies).stall(True, False)

    def check(self):
        self.expect_writes()


class OneWay(Partition):
    """Bytes go one way only, on every link."""

    name = "one-way links"

    def begin(self):
        to_server = self.dice.random() < 0.5
        for proxy in self.world.proxies:
            proxy.stall(to_server)


class HalfOpen(Link):
    """What stood carries nothing any more and never ends: who waits must notice by itself."""

    name = "half-open links"
    is_slow = True

    def begin(self):
        for proxy in self.world.proxies:
            proxy.forget()

    def check(self):
        self.expect_writes()


class LongPartition(Link):
    name = "long partition"
    is_slow = True

    def begin(self):
        self.world.upstream.stall(True, False)

    def check(self):
        self.expect(self.world.near, "stale", lambda status: status["staleSince"], 60)
        self.expect_writes()


class NetworkDown(Fault):
    name, of = "network down", {"network"}
    lasts = (1.0, 5.0)

    def begin(self):
        self.world.network.down()

    def check(self):
        self.expect_writes()
        self.world.far.status()

    def end(self):
        self.world.network.up()


class DiskFull(Fault):
    """Nothing is left, in the middle of writes."""

    of = {"disk"}
    node = "leader"
    leaving = 0

    @property
    def name(self):
        return f"{self.node}'s disk {'full' if self.leaving == 0 else 'low'}"

    def begin(self):
        self.world.disks[self.node].fill(self.leaving)

    def check(self):
        self.expect(getattr(self.world, self.node), "read-only", lambda status: status["readOnly"])
        if self.node == "leader":
            self.expect_codes("read-only", "outcome-unknown")
        else:
            self.expect_writes()

    def end(self):
        self.world.disks[self.node].empty()


class DiskLow(DiskFull):
    leaving = 3 * MEBI


class FollowerDiskFull(DiskFull):
    node = "near"


class NoDescriptors(Fault):
    """Not one more can be opened: nobody new comes in, and who is in goes on."""

    of = {"descriptors"}
    node = "leader"
    lasts = (1.0, 4.0)

    @property
    def name(self):
        return f"{self.node} lacks descriptors"

    def begin(self):
        node = getattr(self.world, self.node)
        self.pid = node.process.pid
        self.before = resource.prlimit(self.pid, resource.RLIMIT_NOFILE)
        self.said = os.path.getsize(node.log)
        resource.prlimit(
            self.pid, resource.RLIMIT_NOFILE, (node.descriptors() - 1, self.before[1]))

    def check(self):
        node = getattr(self.world, self.node)
        self.world.asked(node, "1s")
        wait_until(lambda: "descriptors-exhausted" in said(node, 0),
                   f"{node.name} to say that it lacks descriptors", SHOWS)

    def end(self):
        process = getattr(self.world, self.node).process
        # One that was killed meanwhile has taken its limit with it.
        if process.pid == self.pid and process.poll() is None:
            resource.prlimit(self.pid, resource.RLIMIT_NOFILE, self.before)


class FollowerNoDescriptors(NoDescriptors):
    node = "near"


def said(node, since):
    with open(node.log, "rb") as file:
        file.seek(since)
        return file.read().decode(errors="replace")


class ClockShifted(Fault):
    """Forward or back, while the leader runs; then to the true time."""

    name, of = "leader's clock shifted", {"clock"}

    def begin(self):
        self.world.clock.shift(self.dice.choice([-100, -20, 30, 180]))

    def check(self):
        self.expect_writes()

    def end(self):
        self.world.clock.shift(0)


class ClockBehind(Fault):
    """A start with a clock far behind the log is refused, and says so."""

    name, of = "leader's clock behind at start", {"leader", "clock"}

    def begin(self):
        leader = self.world.leader
        leader.kill()
        self.world.clock.shift(-3_600)
        since = os.path.getsize(leader.log)
        leader.launch()
        if leader.ready_line() is not None or "clock-behind" not in said(leader, since):
            raise Failed("a leader whose clock is an hour behind its log was not refused")

    def end(self):
        self.world.clock.shift(0)
        self.world.leader.start()


KINDS = [
    LeaderKilled, LeaderFrozen, FollowerKilled, FollowerFrozen, AgentKilled, AgentFrozen,
    WriterKilled, LinksCut, LinksDelayed, Partition, OneWay, HalfOpen, LongPartition, NetworkDown,
    DiskFull, DiskLow, FollowerDiskFull, NoDescriptors, FollowerNoDescriptors, ClockShifted,
    ClockBehind]
