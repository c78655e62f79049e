"""Documents that campaigns apply: a sample, and seeded random changes of generated ones."""

import copy
import json
import random


def sample(name="web-0", namespace="campaign", version="v0"):
    """A sound WorkloadEndpoint; another version makes another event."""
    return {
        "apiVersion": "projectcalico.org/v3", "kind": "WorkloadEndpoint",
        "metadata": {
            "name": f"node1-k8s-{name.replace('-', '--')}-eth0", "namespace": namespace,
            "labels": {
                "app": "web", "version": version, "projectcalico.org/namespace": namespace,
                "projectcalico.org/orchestrator": "k8s"},
        },
        "spec": {
            "node": "node1", "orchestrator": "k8s", "pod": name, "endpoint": "eth0",
            "interfaceName": "cali0ef24ba", "ipNetworks": ["192.168.0.7/32"],
            "profiles": [f"kns.{namespace}"],
            "ports": [{"name": "http", "port": 80, "protocol": "TCP"}],
        },
    }


def key_of(document):
    return document["metadata"]["namespace"], document["metadata"]["name"]


class Mutator:
    """Seeded random changes: puts of new endpoints, changes that move endpoints in and out of
    selections, and deletes. Each mutation makes one event."""

    def __init__(self, documents, seed):
        self.random = random.Random(seed)
        self.absent = documents
        self.live = []
        self.step = 0

    def batch(self, count):
        """("apply" or "delete", documents): one command's worth."""
        if len(self.live) > count and self.random.random() < 0.2:
            return "delete", [self.take(self.live) for _ in range(count)]
        documents, touched = [], set()
        for _ in range(count):
            document = self.change(touched)
            touched.add(key_of(document))
            documents.append(copy.deepcopy(document))
        return "apply", documents

    def deleted(self, documents):
        self.absent += documents

    def take(self, documents):
        at = self.random.randrange(len(documents))
        documents[at], documents[-1] = documents[-1], documents[at]
        return documents.pop()

    def change(self, touched):
        share = len(self.absent) / (len(self.absent) + len(self.live))
        if self.absent and (not self.live or self.random.random() < share):
            document = self.take(self.absent)
            self.live.append(document)
        else:
            document = self.random.choice(self.live)
        labels = document["metadata"]["labels"]
        self.step += 1
        labels["step"] = str(self.step)
        labels["tier"] = self.random.choice(["frontend", "backend", "data"])
        if self.random.random() < 0.5:
            labels.pop("canary", None)
        else:
            labels["canary"] = self.random.choice(["yes", "no"])
        if self.random.random() < 0.1:
            document["spec"]["ipNetworks"] = [
                "10.{}.{}.{}/32".format(*(self.random.randrange(256) for _ in range(3)))]
        return document


def lines(documents):
    return "".join(json.dumps(document, separators=(",", ":")) + "\n" for document in documents)
