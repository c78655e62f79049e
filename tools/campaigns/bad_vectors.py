"""Every vector that says what is invalid, through the command line and past it."""

import json
import os

from campaigns import wire
from campaigns.bad_case import BadInput, Case, ending
from campaigns.bad_connections import PATIENCE
from campaigns.bad_documents import refusal
from campaigns.bad_messages import answered, mutation, selection
from campaigns.documents import sample
from campaigns.report import Failed
from campaigns.wire_endpoint import Unsayable, endpoint_of

VECTORS = {
    "wep-validation": "Tests/EndpointDocumentsTests/Vectors/wep-validation.json",
    "selectors": "Tests/EndpointModelTests/Vectors/selectors.json",
    "wep-names": "Tests/EndpointModelTests/Vectors/wep-names.json",
}
# What is invalid by itself and made whole: a name that is empty is derived by whoever admits it;
# the command line puts `default` for a namespace that is missing, and lets an update go against
# the version that stands.
DERIVED = "wep-validation-0c968744e1"
COMPLETED = (DERIVED, "wep-validation-3f81c07b00", "wep-validation-db858e057c")


def vectors(context, name):
    """Ours, and those of the reference where they are (they are read in place)."""
    folder = os.environ.get("CATTAIL_REFERENCE_VECTORS") or os.path.join(
        os.path.dirname(context.root), "shared", "calico")
    found = []
    for path in (os.path.join(context.root, VECTORS[name]),
                 os.path.join(folder, "vectors", "reference", name + ".json")):
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                found += json.load(file)["vectors"]
    return found


def document_of(vector):
    """A whole document with the vector's part in it, everything else sound."""
    kind, part = vector["kind"], vector["doc"]
    if kind == "wep":
        return part
    document = sample()
    if kind == "spec":
        names = {key: document["spec"][key] for key in ("node", "orchestrator", "pod", "endpoint")}
        document["spec"] = {**names, **part}
    elif kind == "metadata":
        document["metadata"] = {**document["metadata"], **part}
    elif kind == "port":
        document["spec"]["ports"] = [part]
    elif kind == "ipnat":
        document["spec"]["ipNATs"] = [part]
    elif kind == "protocol":
        document["spec"]["ports"] = [{"name": "x", "protocol": part}]
    return document


class InvalidVectors(BadInput):
    name = "invalid vectors"

    def run(self, target, round):
        yield from self.documents(target)
        yield from self.documents_on_the_wire(target, round)
        yield from self.names(target)
        yield from self.selectors(target)
        yield from self.selectors_on_the_wire(target)

    def invalid(self):
        return [vector for vector in vectors(self.context, "wep-validation")
                if not vector["valid"]]

    def documents(self, target):
        chosen = [vector for vector in self.invalid() if vector["id"] not in COMPLETED]
        # `apply` takes a resourceVersion for what must stand, `create` must not be given one.
        created = [one for one in chosen if one.get("stage") == "resourceVersion"]
        applied = [one for one in chosen if one not in created]
        for command, part in (("apply", applied), ("create", created)):
            if not part:
                # These are among the reference's vectors alone.
                continue
            found = self.said(target, command, [document_of(vector) for vector in part])
            for vector, (codes, fields) in zip(part, found):
                yield Case(f"{vector['id']} {vector['note']}", ("invalid", "duplicate-key"),
                           verdict(vector, codes, fields))

    def documents_on_the_wire(self, target, round):
        """Past the command line, which lets none of them through: the server judges itself."""
        wishes = []
        for vector in self.invalid():
            if vector.get("stage") == "resourceVersion" or vector["id"] == DERIVED:
                continue
            try:
                wishes.append((vector, *endpoint_of(document_of(vector))))
            except Unsayable:
                # The schema alone keeps it out.
                continue
        made = [mutation(ticket, f"vector-{round}-{ticket}", 1, namespace, name, body)
                for ticket, (_, namespace, name, body) in enumerate(wishes, 1)]
        with wire.Peer(target.address, seconds=PATIENCE) as peer:
            peer.send(wire.hello() + b"".join(
                wire.frame(wire.data(2, wire.data(1, one))) for one in made))
            answers = answered(peer, len(made))
        for ticket, (vector, *_) in enumerate(wishes, 1):
            code, fields = answers.get(ticket, ("no answer", []))
            yield Case(f"{vector['id']} on the wire", ("invalid",),
                       verdict(vector, [code], fields))

    def said(self, target, command, documents):
        """(codes, fields) of the faults of each: in one stream, in which each must be refused by
        itself, and none may stop the others."""
        text = "".join(json.dumps(document) + "\n" for document in documents)
        result = self.fleet.run(
            command, "-f", "-", "-o", "json", server=target.address, input=text)
        if result.code != 1 or result.output:
            raise Failed(f"bad documents: {ending(result.code)} {result.text}")
        found = [([], []) for _ in documents]
        for line in result.errors.splitlines():
            fault = json.loads(line)
            codes, fields = found[fault["document"] - 1]
            codes.append(fault["code"])
            fields.append(fault.get("field", ""))
        return found

    def selectors(self, target):
        chosen = [vector for vector in vectors(self.context, "selectors") if not vector["valid"]]
        for number, vector in enumerate(chosen):
            command = ["selector", "--", vector["selector"]]
            if number % 4 == 0:
                command = ["get", "wep", "-A", f"--selector={vector['selector']}",
                           "--server", target.address]
            yield refusal(vector["id"], ("selector-invalid",), self.fleet.run(*command))

    def selectors_on_the_wire(self, target):
        """Subscribed to, and asked for."""
        with wire.Peer(target.address, seconds=PATIENCE) as asking:
            asking.send(wire.hello())
            asking.read_preface()
            for vector in vectors(self.context, "selectors"):
                if vector["valid"]:
                    continue
                text = vector["selector"]
                with wire.Peer(target.address, seconds=PATIENCE) as peer:
                    peer.send(wire.hello(wire.STATE, selection(text)))
                    yield Case(f"{vector['id']} subscribed", ("selector-invalid",), peer.end())
                yield Case(f"{vector['id']} listed", ("selector-invalid",),
                           failure(asking, wire.data(1, wire.data(1, text))))

    def names(self, target):
        """Names that are none, and parts that make none: of a document that has no other fault."""
        documents = []
        for vector in vectors(self.context, "wep-names"):
            if vector["ok"]:
                continue
            if vector["op"] == "parse":
                yield refusal(vector["id"], ("invalid",),
                              self.fleet.run("name", "--", vector["name"]))
            document = sample()
            if "ids" in vector:
                del document["metadata"]["name"]
                spec = document["spec"]
                for part in ("node", "orchestrator", "pod", "endpoint"):
                    del spec[part]
                spec.update(vector["ids"])
            elif vector.get("name"):
                document["metadata"]["name"] = vector["name"]
            else:
                continue
            documents.append((vector, document))
        found = self.said(target, "apply", [document for _, document in documents])
        for (vector, _), (codes, _) in zip(documents, found):
            yield Case(f"{vector['id']} {vector.get('note', '')}", ("invalid",),
                       codes[0] if codes else "")


def verdict(vector, codes, fields):
    """The first code, when a field that the vector calls wrong is among those that are named."""
    wrong = {error["field"].split()[0].split(".")[-1].split("[")[0].lower()
             for error in vector.get("errors", [])}
    named = not wrong or any(one in field.lower() for one in wrong for field in fields)
    return codes[0] if codes and named else f"{codes} of {fields}, not of {sorted(wrong)}"


def failure(peer, list_query):
    """The code with which a list is refused."""
    peer.send(wire.frame(wire.data(3, wire.uint(1, 1) + wire.data(3, list_query))))
    while True:
        kind, body = peer.message()
        if kind == wire.GOODBYE:
            return f"goodbye {dict(wire.fields(body))}"
        if kind == wire.QUERY_ANSWER:
            parts = dict(wire.fields(body))
            if 7 in parts:
                return dict(wire.fields(parts[7]))[1].decode()
            return "an answer"


CLASSES = [InvalidVectors]
