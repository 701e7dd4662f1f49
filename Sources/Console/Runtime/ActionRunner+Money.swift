import Market
import Postgres
import Store

/// Differences to Stripe, and disputes.
extension ActionRunner {
  func runOnMoney(_ action: ActionRequest) async throws -> String? {
    let reason = values["reason"] ?? ""
    switch action {
    case .assignBreak(let row):
      let login = (values["login"] ?? "").isEmpty ? nil : values["login"]
      _ = try await connection.write {
        try BreakActions.assign($0, ReconBreakID(row.id), version: row.version, to: login, reason: reason)
      }
      return "Break \(row.id) is \(login.map { "\($0)'s" } ?? "yours")"
    case .explainBreak(let row):
      _ = try await connection.write {
        try BreakActions.explain($0, ReconBreakID(row.id), version: row.version, reason: reason)
      }
      return "Break \(row.id) is explained"
    case .closeBreak(let row):
      _ = try await connection.write {
        try BreakActions.close($0, ReconBreakID(row.id), version: row.version, reason: reason)
      }
      return "Break \(row.id) is closed"
    case .prepareEvidence(let row):
      let version = try await connection.write { session in
        guard try EvidenceActions.current(session, dispute: row.name).open?.version ?? 0 == row.version else {
          throw ActionRefused(.changed, "this evidence changed since it was shown")
        }
        return try EvidenceActions.prepare(session, dispute: row.name)
      }
      return "Version \(version) of the evidence for \(row.name) is prepared"
    case .editEvidence(let row):
      guard let field = EvidenceField(rawValue: values["field"] ?? "") else { return nil }
      let text = values["text"] ?? ""
      _ = try await connection.write {
        try EvidenceActions.edit($0, evidence: EvidenceID(row.id), version: row.version, field: field, text: text)
      }
      return text.isEmpty ? "\(field.rawValue) is taken out" : "\(field.rawValue) is kept"
    case .submitEvidence(let row):
      let submits = values["way"] == "submit"
      _ = try await connection.write {
        try EvidenceActions.submit(
          $0, evidence: EvidenceID(row.id), version: row.version, submits: submits, reason: reason)
      }
      return "The evidence for \(row.name) is on its way \(submits ? "to the bank" : "to Stripe")"
    default: return nil
    }
  }

  /// What would be sent, every field of it; the dispute's id is typed before the bank sees it.
  func previewEvidence(_ row: RowAsShown) async throws -> (lines: [String], typed: String?) {
    let dossier = try await connection.read { try EvidenceActions.current($0, dispute: row.name) }
    guard let draft = dossier.open, draft.id.rawValue == row.id, draft.version == row.version else {
      throw ActionRefused(.changed, "this evidence changed since it was shown")
    }
    let lines = DisputeText.preview(draft).filter { !$0.isEmpty }
    return (lines, values["way"] == "submit" ? row.name : nil)
  }
}
