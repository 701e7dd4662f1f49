package import Market
package import Postgres
import Store

/// `gkm dispute`: looking at a dispute, and answering it.
package enum DisputeReport {
  /// A field of the evidence and what goes into it.
  package struct Setting: Sendable, Equatable {
    package let field: EvidenceField
    package let text: String

    /// Reads `field=text`, `field=@file`, and `field=` for nothing; `@-` is standard input.
    package init(_ argument: String) throws {
      let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2 else {
        throw ConsoleFailure("“\(argument)” is not field=text or field=@file", status: .usage)
      }
      guard let field = EvidenceField(rawValue: String(parts[0])) else {
        let names = EvidenceField.allCases.map(\.rawValue).joined(separator: ", ")
        throw ConsoleFailure("there is no evidence field “\(parts[0])”; there are \(names)", status: .usage)
      }
      self.field = field
      let value = parts[1]
      guard value.hasPrefix("@") else {
        text = String(value)
        return
      }
      var read = try TextInput.read(String(value.dropFirst()), limit: 1 << 20)
      while read.last == "\n" { read.removeLast() }
      text = read
    }
  }

  /// Prints a dispute and where its evidence stands.
  package static func show(_ dispute: String, json: Bool, on connection: PostgresConnection) async throws {
    let dossier = try await connection.read(isolation: .repeatableRead) {
      try EvidenceActions.current($0, dispute: dispute)
    }
    try print(json ? [JSONText.object(dossier.fields)] : DisputeText.lines(dossier))
  }

  /// Makes a draft where there is none or `anew` is set, puts the settings into it, and prints it. What was submitted is
  /// printed where nothing can be drafted any more.
  package static func evidence(
    _ dispute: String, settings: [Setting], anew: Bool, json: Bool, on connection: PostgresConnection
  ) async throws {
    var dossier = try await connection.read { try EvidenceActions.current($0, dispute: dispute) }
    let isOver = ![.open, .inquiry].contains(dossier.dispute.standing)
    if !settings.isEmpty || anew || dossier.open == nil && !(isOver && !dossier.evidence.isEmpty) {
      dossier = try await connection.write { session in
        try change(session, dispute, settings, anew: anew)
        return try EvidenceActions.current(session, dispute: dispute)
      }
    }
    guard let row = dossier.open ?? dossier.evidence.last else { return }
    try print(json ? [JSONText.object(row.fields)] : DisputeText.preview(row))
  }

  private static func change(
    _ session: borrowing Session, _ dispute: String, _ settings: [Setting], anew: Bool
  ) throws {
    if try anew || EvidenceActions.current(session, dispute: dispute).open == nil {
      _ = try EvidenceActions.prepare(session, dispute: dispute)
    }
    guard !settings.isEmpty, let draft = try EvidenceActions.current(session, dispute: dispute).open else { return }
    var version = draft.version
    for setting in settings {
      version = try EvidenceActions.edit(
        session, evidence: draft.id, version: version, field: setting.field, text: setting.text)
    }
  }

  /// Prints the draft, has it confirmed, and hands it to the daemon for Stripe.
  ///
  /// - Parameters:
  ///   - submits: shown to the bank, which can be done once; else only staged at Stripe.
  ///   - confirm: throws where the person does not confirm.
  package static func submit(
    _ dispute: String, submits: Bool, reason: String, on connection: PostgresConnection,
    confirm: (_ word: String, _ question: String) throws -> Void
  ) async throws {
    let dossier = try await connection.read { try EvidenceActions.current($0, dispute: dispute) }
    guard let draft = dossier.open else {
      throw ConsoleFailure("there is no draft: gkm dispute evidence \(dispute) makes one", status: .badData)
    }
    try print(DisputeText.preview(draft) + [""])
    let due = dossier.dispute.dueBy.map { ", due \($0.rfc3339)" } ?? ""
    try confirm(
      dispute,
      submits
        ? "This evidence goes to the bank, which can be done once\(due)."
        : "This evidence is kept at Stripe, and can still be changed\(due).")
    // The version is that of the draft that was shown.
    _ = try await connection.write { session in
      try EvidenceActions.submit(
        session, evidence: draft.id, version: draft.version, submits: submits, reason: reason)
    }
    let place = submits ? "to the bank" : "to be staged at Stripe"
    try print([
      "Evidence \(draft.id) for \(dispute) is on its way \(place): gkm dispute show \(dispute) tells what came of it."
    ])
  }

  private static func print(_ lines: [String]) throws {
    var output = OutputWriter()
    for line in lines { try output.line(line) }
    try output.flush()
  }
}
