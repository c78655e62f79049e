internal import EndpointDocuments
internal import EndpointModel

/// One document with rights, in YAML or JSON.
struct RightsFile {
    let name: String

    func read() throws -> RightsDocument {
        let bytes = try bytes()
        let value: DocumentValue
        do {
            guard let read = try YAMLReader.read(bytes) else {
                throw Fault(
                    code: FaultCode.noDocuments, what: "\(name): no document",
                    remedy: "write one of kind \(RightsDocument.kind)")
            }
            value = read.value
        } catch let error as DocumentSyntaxError {
            throw Fault(error).at(DocumentPosition(source: name, document: 1, line: error.line))
        }
        let decoded = RightsDocument.decode(value)
        let faults = decoded.faults.isEmpty ? decoded.value.rights.faults() : decoded.faults
        guard faults.isEmpty else {
            let position = DocumentPosition(source: name, document: 1, line: 1)
            throw Faults(all: faults.map { Fault($0).at(position) })
        }
        return decoded.value
    }

    private func bytes() throws -> [UInt8] {
        let files = try InputFile.files(at: name, depth: .flat)
        guard let file = files.first, files.count == 1 else {
            throw Fault(
                code: FaultCode.wrongShape, what: "\(name): \(files.count) files",
                remedy: "name one file: rights are one document")
        }
        var bytes: [UInt8] = []
        let limit = DocumentLimits.standard.documentBytes
        try file.read { piece in
            bytes += piece
            return bytes.count > limit ? .stop : .goOn
        }
        return bytes
    }
}
