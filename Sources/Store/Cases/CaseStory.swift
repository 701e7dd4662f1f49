package import Market
package import Postgres

/// A support case with all that was said in it, as far as its viewer may see it.
package struct CaseStory: Sendable, Equatable {
  package var row: CaseRow
  /// Oldest first.
  package var messages: [Message]

  package struct Message: Sendable, Equatable {
    package var id: Int64
    package var at: Instant
    /// A login; a vendor is not told it.
    package var author: String?
    package var authorRole: String
    package var audience: CaseAudience
    package var body: String

    package init(
      id: Int64, at: Instant, author: String?, authorRole: String, audience: CaseAudience, body: String
    ) {
      self.id = id
      self.at = at
      self.author = author
      self.authorRole = authorRole
      self.audience = audience
      self.body = body
    }

    var fields: [ListField] {
      [
        ListField("id", .integer(id)), ListField("at", .time(at)), ListField("author", .optional(author)),
        ListField("author_role", .text(authorRole)), ListField("audience", .text(audience.rawValue)),
        ListField("body", .text(body)),
      ]
    }
  }

  package var fields: [ListField] { row.fields + [ListField("messages", .objects(messages.map(\.fields)))] }

  /// Messages read at most.
  package static let messageLimit = 500

  /// Throws `ActionRefused` where there is no such case, or none of the viewer's.
  package static func read(_ session: borrowing Session, viewer: Viewer, _ id: CaseID) throws -> CaseStory {
    guard viewer.role != .vendor else {
      let page = try VendorList.cases(session, viewer: viewer, .init(), after: id.rawValue &+ 1, limit: 1)
      guard let row = page.first, row.id == id.rawValue else { throw missing(id) }
      return CaseStory(row: row, messages: try VendorList.caseMessages(session, id))
    }
    guard let row = try CaseList.page(session, where: ["c.id = \(id)"], after: nil, limit: 1).first else {
      throw missing(id)
    }
    let messages: [Message] = try session.rows(
      """
      SELECT id, created_at, author, author_role, audience, body::text FROM gkm.case_message
      WHERE case_id = \(id) ORDER BY id LIMIT \(messageLimit)
      """
    ) {
      Message(
        id: try $0.int64(0), at: try $0.instant(1), author: try $0.string(2), authorRole: try $0.string(3),
        audience: try $0.word(4), body: try $0.string(5))
    }
    return CaseStory(row: row, messages: messages)
  }

  private static func missing(_ id: CaseID) -> ActionRefused { ActionRefused(.notFound, "there is no case \(id)") }
}
