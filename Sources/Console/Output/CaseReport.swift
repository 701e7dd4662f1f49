package import Market
package import Postgres
package import Store
import Terminal

/// `gkm case`: one support case, and what a person does with it.
package enum CaseReport {
  /// The case with its messages, as far as the person who signed in may see them.
  package static func show(_ id: CaseID, json: Bool, on connection: PostgresConnection) async throws -> [String] {
    let story = try await connection.read { session in
      try CaseStory.read(session, viewer: try Viewer.current(session), id)
    }
    return json ? [JSONText.object(story.fields)] : lines(story)
  }

  /// Returns what to say.
  package static func open(
    kind: String, order: String?, priority: CasePriority?, text: String, on connection: PostgresConnection
  ) async throws -> String {
    let id = try await connection.write { session in
      var number: String?
      if let order { number = try OrderLookup.number(session, viewer: try Viewer.current(session), order) }
      return try CaseActions.open(session, kind: kind, order: number, priority: priority, text: text)
    }
    return "Case \(id) is open."
  }

  /// Does something with a case as it stands now; returns what to say.
  package static func act(
    _ action: Action, on id: CaseID, _ connection: PostgresConnection
  ) async throws -> String {
    try await connection.write { session in
      let viewer = try Viewer.current(session)
      if case .answer(_, let text) = action, viewer.role == .vendor {
        try CaseActions.answerAsVendor(session, id, text: text)
        return "Case \(id) has your answer."
      }
      guard viewer.role.isStaff else { throw ActionRefused(.notAllowed, "vendor may not do this") }
      let row = try CaseStory.read(session, viewer: viewer, id).row
      return Sanitizer.clean(try action.run(session, row))
    }
  }

  package enum Action: Sendable {
    case take
    case release(to: CaseQueue?, reason: String)
    case assign(login: String, reason: String)
    case note(String)
    /// A vendor answers to the market, whatever recipient is named.
    case answer(CaseActions.Recipient, text: String)
    case close(reason: String)

    fileprivate func run(_ session: borrowing Session, _ row: CaseRow) throws -> String {
      let (id, version) = (CaseID(row.id), row.version)
      switch self {
      case .take:
        _ = try CaseActions.take(session, id, version: version)
        return "Case \(id) was \(row.state.rawValue) and is yours."
      case .release(let queue, let reason):
        _ = try CaseActions.release(session, id, version: version, to: queue, reason: reason)
        return "Case \(id) is in the queue of \((queue ?? row.queue ?? .support).rawValue)."
      case .assign(let login, let reason):
        _ = try CaseActions.assign(session, id, version: version, to: login, reason: reason)
        return "Case \(id) is \(login)'s."
      case .note(let text):
        _ = try CaseActions.note(session, id, text: text)
        return "Case \(id) has your note."
      case .answer(let recipient, let text):
        _ = try CaseActions.answer(session, id, version: version, to: recipient, text: text)
        return "Case \(id) waits for an answer."
      case .close(let reason):
        _ = try CaseActions.close(session, id, version: version, reason: reason)
        return "Case \(id) is closed."
      }
    }
  }

  private static func lines(_ story: CaseStory) -> [String] {
    let row = story.row
    var lines = ["case \(row.id)  \(row.kind)  \(row.state.rawValue)"]
    func fact(_ name: String, _ value: String?) {
      guard let value, !value.isEmpty else { return }
      lines.append("  \(TextWidth.pad(name, to: 10))\(Sanitizer.clean(value))")
    }
    fact("order", row.order)
    fact("queue", row.queue?.rawValue)
    fact("priority", row.priority?.rawValue)
    fact("due", row.dueAt?.rfc3339)
    fact("assignee", row.assignee)
    fact("vendor", row.vendor)
    fact("opened", row.createdAt.rfc3339 + (row.openedBy.map { " by \($0)" } ?? ""))
    fact("closed", row.closedAt?.rfc3339)
    lines.append("")
    for message in story.messages {
      let author = message.author.map { "\($0), \(message.authorRole)" } ?? message.authorRole
      let reader = message.audience == .internal ? "" : " → \(message.audience.rawValue)"
      lines.append(Sanitizer.clean("\(message.at.rfc3339)  \(author)\(reader): \(message.body)"))
    }
    return lines
  }
}
