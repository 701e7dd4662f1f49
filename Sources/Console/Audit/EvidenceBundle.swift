import Crypto
import Market
package import Postgres
import Store

/// `gkm evidence`: one archive with what the log has about an order, which a stranger verifies without this software.
package enum EvidenceBundle {
  /// Writes it and returns what to say. `path` is `nil` for a file named for the order; `-` is standard output.
  ///
  /// - Parameter keyFile: public keys that are trusted; the head must be signed by one of them.
  package static func export(
    _ key: String, to path: String?, keyFile: String?, on connection: PostgresConnection
  ) async throws -> String {
    let evidence = try await connection.read(isolation: .repeatableRead) { session in
      let viewer = try Viewer.current(session)
      guard viewer.role.isStaff else { throw StoreError.notShown("evidence", to: viewer.role) }
      return try OrderEvidence.read(session, order: try OrderLookup.number(session, viewer: viewer, key))
    }
    guard let evidence else { throw ConsoleFailure("nothing is known of “\(key)”", status: .noInput) }
    if let path = AuditReport.keyFile(keyFile), !(try AuditReport.keys(path)).contains(evidence.key) {
      throw ConsoleFailure(
        "the newest head is signed by \(evidence.key.keyID), which \(path) does not have", status: .badData)
    }
    let name = "evidence-\(evidence.order)"
    let file = path ?? "\(name).tar"
    try LocalFile.write(file, archive(evidence, folder: name))
    let rest = evidence.unsealed == 0 ? "" : "; \(evidence.unsealed) more are not sealed yet and are not in it"
    return
      "\(evidence.events.count) events of \(evidence.order) under the head of \(evidence.head.size), in \(file)\(rest)."
  }

  /// The archive: the same evidence makes the same bytes.
  static func archive(_ evidence: OrderEvidence, folder: String) -> [UInt8] {
    var tar = TarFile(seconds: evidence.head.checkpoint.at.unixSeconds)
    for file in files(evidence) {
      tar.add("\(folder)/\(file.name)", file.content, isExecutable: file.name == "verify.sh")
    }
    return tar.whole
  }

  /// In the order that the sums are in.
  static func files(_ evidence: OrderEvidence) -> [(name: String, content: [UInt8])] {
    var files: [(name: String, content: [UInt8])] = [
      ("README.txt", Array(EvidenceText.readme(evidence).utf8)),
      ("evidence.json", Array((JSONText.object(fields(evidence)) + "\n").utf8)),
    ]
    for (index, event) in evidence.events.enumerated() { files.append(("events/\(name(index))", event.body)) }
    files += [
      ("head.txt", Array(evidence.head.note.spelled.utf8)), ("key.pem", Array(evidence.key.pem.utf8)),
      ("summary.html", Array(EvidencePage.html(evidence).utf8)), ("verify.sh", Array(EvidenceText.script.utf8)),
    ]
    let sums = files.map { "\(Hex.encode(SHA256.hash(data: $0.content)))  \($0.name)\n" }.joined()
    return files + [("SHA256SUMS", Array(sums.utf8))]
  }

  static func name(_ index: Int) -> String { padded(Int64(index + 1), 4) + ".txt" }

  private static func fields(_ evidence: OrderEvidence) -> [ListField] {
    [
      ListField("format", .text("gkm-evidence v1")), ListField("order", .text(evidence.order)),
      ListField("origin", .text(evidence.head.checkpoint.origin)),
      ListField("size", .integer(Int64(evidence.head.size))),
      ListField("root", .text(evidence.head.root.description)),
      ListField("sealed_at", .time(evidence.head.checkpoint.at)),
      ListField("key", .text(evidence.key.text)), ListField("unsealed", .integer(Int64(evidence.unsealed))),
      ListField(
        "events",
        .objects(
          evidence.events.enumerated().map { index, event in
            [
              ListField("file", .text(name(index))), ListField("event", .integer(event.id)),
              ListField("leaf", .integer(Int64(event.leaf))),
              ListField("leaf_hash", .text(MerkleHash.leaf(event.body).description)),
              ListField("path", .texts(event.path.map(\.description))),
            ]
          })),
    ]
  }
}
