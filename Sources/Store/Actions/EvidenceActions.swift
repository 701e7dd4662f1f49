import FoundationEssentials
package import Market
package import Postgres

/// What people do about a dispute's evidence. Each throws `ActionRefused` for what the market refuses, and
/// `PostgresError` for what the database could not do.
package enum EvidenceActions {
  /// The dispute and its evidence as they stand; throws `ActionRefused` where there is none.
  package static func current(_ session: borrowing Session, dispute: String) throws -> DisputeDossier {
    let found = try refusing { try DisputeDossier.read(session, dispute: dispute) }
    guard let found else { throw ActionRefused(.notFound, "there is no dispute \(dispute)") }
    return found
  }

  /// Makes a draft from the order's record, or fills the one there is anew: what a person wrote into it is lost then.
  /// Answers the draft's version.
  package static func prepare(_ session: borrowing Session, dispute: String) throws -> Int64 {
    let dossier = try current(session, dispute: dispute)
    guard let source = try refusing({ try EvidenceSource.read(session, dispute: dispute) }) else {
      throw ActionRefused(.notFound, "there is no dispute \(dispute)")
    }
    let json = try JSONEncoder().encode(Evidence(from: source).named)
    let fields = String(decoding: json, as: UTF8.self)
    return try call(
      session,
      "SELECT api.prepare_evidence(\(dispute), \(dossier.open?.version ?? 0), \(fields)::text::jsonb)")
  }

  /// Puts a text into one field of the draft that was seen at `version`; an empty one takes the field out. Answers the
  /// draft's new version.
  package static func edit(
    _ session: borrowing Session, evidence: EvidenceID, version: Int64, field: EvidenceField, text: String
  ) throws -> Int64 {
    try call(session, "SELECT api.edit_evidence(\(evidence), \(version), \(field.rawValue), \(text))")
  }

  /// Hands the draft that was seen at `version` to the daemon: to be staged at Stripe, or with `submits` to be shown to
  /// the bank, which can be done once. Answers its new version.
  package static func submit(
    _ session: borrowing Session, evidence: EvidenceID, version: Int64, submits: Bool, reason: String
  ) throws -> Int64 {
    try call(session, "SELECT api.submit_evidence(\(evidence), \(version), \(submits), \(reason))")
  }

  private static func call(_ session: borrowing Session, _ sql: SQL) throws -> Int64 {
    let version = try refusing { try session.first(sql) { try $0.int64(0) } }
    guard let version else { throw StoreError.badRow("a function of api gave no version") }
    return version
  }

  private static func refusing<T>(_ body: () throws -> T) throws -> T {
    do {
      return try body()
    } catch let error as PostgresError {
      throw ActionRefused(error) ?? error
    }
  }
}
