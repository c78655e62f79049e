import EndpointModel
import Foundation
import SwiftProtobuf

func generated(_ endpoint: WorkloadEndpoint) -> Cattail_V1_Endpoint {
    .with {
        $0.labels = generated(labels: endpoint.metadata.labels)
        $0.orchestrator = endpoint.spec.orchestrator
        $0.workload = endpoint.spec.workload
        $0.node = endpoint.spec.node
        $0.containerID = endpoint.spec.containerID
        $0.pod = endpoint.spec.pod
        $0.endpoint = endpoint.spec.endpoint
        $0.serviceAccountName = endpoint.spec.serviceAccountName
        $0.ipNetworks = endpoint.spec.ipNetworks
        $0.profiles = endpoint.spec.profiles
        $0.interfaceName = endpoint.spec.interfaceName
        $0.mac = endpoint.spec.mac
        $0.ports = endpoint.spec.ports.map { port in
            .with {
                $0.name = port.name
                switch port.transport {
                case .number(let number): $0.protocolNumber = UInt32(number)
                case .name(let name): $0.protocolName = name
                }
                $0.port = UInt32(port.port)
                $0.hostPort = UInt32(port.hostPort)
                $0.hostIp = port.hostIP
            }
        }
        $0.ipNats = endpoint.spec.ipNATs.map { nat in
            .with {
                $0.internalIp = nat.internalIP
                $0.externalIp = nat.externalIP
            }
        }
        $0.ipv4Gateway = endpoint.spec.ipv4Gateway
        $0.ipv6Gateway = endpoint.spec.ipv6Gateway
        $0.allowSpoofedSourcePrefixes = endpoint.spec.allowSpoofedSourcePrefixes
        if let qos = endpoint.spec.qosControls { $0.qosControls = generated(qos) }
        $0.annotations = generated(labels: endpoint.metadata.annotations)
        $0.generateName = endpoint.metadata.generateName
        $0.otherMetadata = endpoint.metadata.otherFields
        $0.unknownFields_p = endpoint.unknownFields
    }
}

private func generated(labels: [String: String]) -> [Cattail_V1_Label] {
    labels.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map { key, value in
        .with {
            $0.key = key
            $0.value = value
        }
    }
}

private func generated(_ qos: QoSControls) -> Cattail_V1_QoSControls {
    .with {
        $0.ingressBandwidth = qos.ingressBandwidth
        $0.egressBandwidth = qos.egressBandwidth
        $0.ingressBurst = qos.ingressBurst
        $0.egressBurst = qos.egressBurst
        $0.ingressPeakrate = qos.ingressPeakrate
        $0.egressPeakrate = qos.egressPeakrate
        $0.ingressMinburst = qos.ingressMinburst
        $0.egressMinburst = qos.egressMinburst
        $0.ingressPacketRate = qos.ingressPacketRate
        $0.egressPacketRate = qos.egressPacketRate
        $0.ingressPacketBurst = qos.ingressPacketBurst
        $0.egressPacketBurst = qos.egressPacketBurst
        $0.ingressMaxConnections = qos.ingressMaxConnections
        $0.egressMaxConnections = qos.egressMaxConnections
        $0.dscp = qos.dscp
    }
}

func generated(_ item: EncodedItem) throws -> Cattail_V1_Item {
    try .with {
        $0.seq = item.seq.rawValue
        $0.prevSeq = item.previousSeq.rawValue
        $0.namespace = item.namespace
        $0.name = item.name
        $0.uid = Data(item.uid?.bytes ?? [])
        $0.creationTime = item.creationTime.microseconds
        switch item.kind {
        case .put:
            $0.kind = .put
            $0.endpoint = try generated(item.endpoint())
        case .delete: $0.kind = .delete
        case .control:
            $0.kind = .control
            switch try item.control() {
            case .epoch(let epoch):
                $0.control.type = 1
                $0.control.criticality = .critical
                $0.control.epoch.number = epoch.number
                $0.control.epoch.leaderID = epoch.leaderID
            case .rights(let rights):
                $0.control.type = 2
                $0.control.criticality = .critical
                $0.control.rights = generated(rights)
            case .membership(let membership):
                $0.control.type = 3
                $0.control.criticality = .critical
                $0.control.membership = .with {
                    $0.voters = membership.voters
                    $0.minAcks = membership.minAcks
                }
            case .unknown: return
            }
        }
    }
}

func generated(_ audit: AuditPart) -> Cattail_V1_Audit {
    .with {
        $0.epoch = audit.epochNumber
        $0.time = UInt64(bitPattern: audit.time.microseconds)
        if audit.wallTime != audit.time {
            $0.wallTime = UInt64(bitPattern: audit.wallTime.microseconds)
        }
        $0.actor = audit.actor
        $0.actorProof = audit.actorProof == .certificate ? .certificate : .unverified
        $0.requestID = audit.requestID
        $0.requestHash = Data(audit.requestHash?.bytes ?? [])
        $0.address = audit.address
        if let origin = audit.origin { $0.origin = generated(origin) }
    }
}

func generated(_ record: EncodedRecord) throws -> Cattail_V1_Record {
    try .with {
        $0.item = try generated(record.item).serializedData()
        $0.audit = try generated(record.audit()).serializedData()
    }
}

func generated(_ rights: Rights) -> Cattail_V1_Rights {
    .with {
        $0.rules = rights.rules.map { rule in
            .with {
                $0.identity = rule.identity.description
                $0.roles = rule.roles.rawValue
                $0.selector = rule.selection.selector
                $0.node = rule.selection.node
                $0.namespace = rule.selection.namespace
            }
        }
    }
}
