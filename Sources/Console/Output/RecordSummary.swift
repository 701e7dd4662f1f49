package import Market
import Store

/// What an audit record says beside its action, in the fewest words that a person needs: an amount as money, a change as
/// an arrow, a mail server's reply first. The record itself keeps every detail by its name.
package enum RecordSummary {
  /// - Parameter currency: what amounts are in where the record does not say.
  package static func parts(_ details: [String: String], currency: Currency?) -> [String] {
    var rest = details
    func take(_ name: String) -> String? { rest.removeValue(forKey: name) }
    func number(_ name: String) -> Int64? { rest[name].flatMap { Int64($0) } }
    var parts: [String] = []
    parts += [take("reply"), take("decline_code"), take("hold_reason"), take("problem")].compactMap(\.self)

    let own = rest["currency"]
    if let money = own.map(Currency.init) ?? currency {
      rest["currency"] = nil
      for name in ["amount", "price"] {
        guard let amount = number(name) else { continue }
        rest[name] = nil
        parts.append("\(Money(amount, money))")
      }
    }

    switch (take("was"), take("state")) {
    case (let was?, let state?) where was != state: parts.append("\(was) → \(state)")
    case (let was?, nil): parts.append("was \(was)")
    case (_, let state?): parts.append(state)
    case (nil, nil): break
    }
    if let count = take("quantity") ?? take("units") { parts.append(count == "1" ? "1 unit" : "\(count) units") }
    if let before = rest["stock_version_before"], let after = rest["stock_version_after"] {
      (rest["stock_version_before"], rest["stock_version_after"]) = (nil, nil)
      parts.append("stock version \(before) → \(after)")
    }
    if let attempt = take("attempt") { parts.append("try \(attempt)") }
    if let wait = number("retry_after_ms") {
      rest["retry_after_ms"] = nil
      parts.append("again in \(spoken(milliseconds: wait))")
    }
    if let points = number("basis_points") {
      rest["basis_points"] = nil
      parts.append("\(points / 100).\(padded(points % 100, 2)) %")
    }

    // What says by itself what it is needs no name before it; ids come last, where a narrow screen may cut them off.
    let ids = ["session", "payment_intent", "charge", "refund", "dispute", "message_id"]
    let spokenFor = ["type"]
    let bare = ["channel", "scope", "kind", "object"]
    for (name, value) in rest.sorted(by: { $0.key < $1.key }) where !ids.contains(name) && !spokenFor.contains(name) {
      parts.append(bare.contains(name) ? value : "\(name.replacing("_", with: " ")) \(value)")
    }
    return parts + ids.compactMap { rest[$0] }
  }

  /// `850 ms`, `3.2 s`, `9 min`.
  static func spoken(milliseconds: Int64) -> String {
    switch milliseconds {
    case ..<1_000: "\(milliseconds) ms"
    case ..<60_000: "\(milliseconds / 1_000).\(milliseconds % 1_000 / 100) s"
    case ..<7_200_000: "\(milliseconds / 60_000) min"
    default: "\(milliseconds / 3_600_000) h"
    }
  }
}

extension AuditRow {
  /// What was recorded, read from the exact bytes that are hashed; `nil` where the viewer is not shown them.
  var record: AuditRecord? { body.flatMap { try? AuditRecord(parsing: Array($0.utf8)) } }
}
