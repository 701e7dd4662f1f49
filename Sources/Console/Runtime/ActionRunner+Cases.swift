import Market
import Postgres
import Store

/// Support cases.
extension ActionRunner {
  func runOnCase(_ action: ActionRequest) async throws -> String? {
    let text = values["text"] ?? ""
    let reason = values["reason"] ?? ""
    switch action {
    case .openCase(let order):
      let kind = values["kind"] ?? "question"
      let priority = values["priority"].flatMap(CasePriority.init)
      let id = try await connection.write {
        try CaseActions.open($0, kind: kind, order: order, priority: priority, text: text)
      }
      return "Case \(id) is open"
    case .takeCase(let row):
      _ = try await connection.write { try CaseActions.take($0, CaseID(row.id), version: row.version) }
      return "You have taken \(row.name)"
    case .noteCase(let row):
      _ = try await connection.write { try CaseActions.note($0, CaseID(row.id), text: text) }
      return "Noted in \(row.name)"
    case .answerCase(let row):
      let vendor = values["vendor"] ?? ""
      let recipient: CaseActions.Recipient =
        values["recipient"] == "vendor" ? .vendor(vendor.isEmpty ? nil : vendor) : .customer
      _ = try await connection.write {
        try CaseActions.answer($0, CaseID(row.id), version: row.version, to: recipient, text: text)
      }
      return "Answered; \(row.name) waits for them now"
    case .answerCaseAsVendor(let row):
      try await connection.write { try CaseActions.answerAsVendor($0, CaseID(row.id), text: text) }
      return "Answered in \(row.name)"
    case .handOverCase(let row):
      let login = values["login"] ?? ""
      _ = try await connection.write {
        try CaseActions.assign($0, CaseID(row.id), version: row.version, to: login, reason: reason)
      }
      return "\(row.name) is \(login)'s now"
    case .releaseCase(let row):
      let queue = values["queue"].flatMap(CaseQueue.init)
      _ = try await connection.write {
        try CaseActions.release($0, CaseID(row.id), version: row.version, to: queue, reason: reason)
      }
      return "\(row.name) lies in its queue again"
    case .closeCase(let row):
      _ = try await connection.write {
        try CaseActions.close($0, CaseID(row.id), version: row.version, reason: reason)
      }
      return "\(row.name) is closed"
    default: return nil
    }
  }
}
