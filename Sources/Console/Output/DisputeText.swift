import Market
package import Store
import Terminal

/// A dispute and its evidence as text, for `gkm dispute`.
package enum DisputeText {
  /// What the dispute is, and where its evidence stands.
  package static func lines(_ dossier: DisputeDossier) -> [String] {
    let row = dossier.dispute
    var lines = ["\(row.dispute)  \(row.status)  \(row.amount)"]
    lines += fact("order", row.order)
    lines += fact("standing", row.standing.rawValue)
    lines += fact("reason", row.reason)
    lines += fact("charge", row.charge)
    lines += fact(
      "funds", row.fundsReinstated ? "withdrawn and reinstated" : row.fundsWithdrawn ? "withdrawn" : "not touched")
    lines += fact("opened", row.createdAt.rfc3339)
    lines += fact("due", row.dueBy.map { $0.rfc3339 + (row.needsResponse ? "" : ", not needed now") })
    for evidence in dossier.evidence { lines += fact("evidence", standing(evidence)) }
    return lines
  }

  /// Every field of the evidence, as Stripe would get it.
  package static func preview(_ evidence: EvidenceRow) -> [String] {
    var lines = ["Evidence \(standing(evidence))"]
    for (field, text) in evidence.evidence.fields.sorted(by: { $0.key < $1.key }) {
      lines += ["", "\(field.rawValue)  (\(text.unicodeScalars.count) of \(field.limit) characters)"]
      lines += text.split(separator: "\n", omittingEmptySubsequences: false).map { "  " + Sanitizer.clean(String($0)) }
    }
    let empty = EvidenceField.allCases.filter { evidence.evidence[$0] == nil }.map(\.rawValue)
    return lines + ["", "Empty: \(empty.joined(separator: ", "))"]
  }

  private static func standing(_ row: EvidenceRow) -> String {
    var text = "\(row.id): \(row.state.rawValue), version \(row.version), "
    text += "\(row.evidence.length) of \(EvidenceField.totalLimit) characters, prepared by \(row.preparedBy)"
    if let by = row.requestedBy { text += ", requested by \(by)" }
    if let at = row.stagedAt { text += ", staged \(at.rfc3339)" }
    if let at = row.submittedAt { text += ", submitted \(at.rfc3339)" }
    if let answer = row.answer { text += ", answered \(answer)" }
    if let problem = row.problem { text += ": \(problem)" }
    return Sanitizer.clean(text)
  }

  private static func fact(_ name: String, _ value: String?) -> [String] {
    guard let value, !value.isEmpty else { return [] }
    return ["  \(TextWidth.pad(name, to: 10))\(Sanitizer.clean(value))"]
  }
}
