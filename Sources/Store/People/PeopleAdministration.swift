package import Market
package import Postgres

/// Making, ending and listing people, for `gkmd person`. The session is an admin's, or the superuser's for the first
/// admin: who may do it is the database's to say.
package enum PeopleAdministration {
  package struct Person: Sendable, Equatable {
    package let login: String
    package let name: String
    package let role: Role
    package let vendor: String?
    package let isDisabled: Bool
    package let since: Instant
  }

  /// Adds a person with a login of their own. `vendor` is a vendor's handle, for the role `vendor` alone.
  package static func add(
    _ session: borrowing Session, login: String, name: String, role: Role, vendor: String?, verifier: SCRAMVerifier?
  ) throws -> PersonID {
    var vendorID: VendorID?
    if let vendor {
      vendorID = try session.first("SELECT id FROM gkm.vendor WHERE handle = \(vendor)") { try $0.id(0) }
      guard vendorID != nil else { throw NotFound("there is no vendor \(vendor)") }
    }
    let verifier = verifier?.text
    return try refusing {
      let id: PersonID? = try session.first(
        "SELECT api.person_add(\(login), \(name), \(role.rawValue), \(vendorID), \(verifier))"
      ) { try $0.id(0) }
      guard let id else { throw NotFound("the person was not added") }
      return id
    }
  }

  /// Holds a person's row for the rest of the transaction, as it was shown; refuses if it moved on since.
  package static func demandUnchanged(_ session: borrowing Session, login: String, version: Int64) throws {
    try refusing { _ = try session.rows("SELECT api.person_unchanged(\(login), \(version))") { _ in } }
  }

  /// Lets somebody in again who left, as what they were. Their former password opens nothing any more: it is this one,
  /// or none.
  package static func enable(
    _ session: borrowing Session, login: String, verifier: SCRAMVerifier?, until: Instant?, reason: String
  ) throws {
    let text = verifier?.text
    try refusing {
      _ = try session.rows("SELECT api.person_enable(\(login), \(text), \(until), \(reason))") { _ in }
    }
  }

  /// Ends a person's access at once: no login, no membership, sessions ended.
  package static func disable(_ session: borrowing Session, login: String, reason: String) throws {
    try refusing { _ = try session.rows("SELECT api.person_disable(\(login), \(reason))") { _ in } }
  }

  /// Makes one of the staff something else there; their sessions end.
  package static func turn(_ session: borrowing Session, login: String, into role: Role, reason: String) throws {
    try refusing {
      _ = try session.rows("SELECT api.person_role(\(login), \(role.rawValue), \(reason))") { _ in }
    }
  }

  /// Says until when they have access; `nil`: without end.
  package static func limit(
    _ session: borrowing Session, login: String, until: Instant?, reason: String
  ) throws {
    try refusing { _ = try session.rows("SELECT api.person_until(\(login), \(until), \(reason))") { _ in } }
  }

  /// Gives a login a new password: one's own, or as an admin another's, which needs a reason. Other sessions of that
  /// login end.
  package static func setPassword(
    _ session: borrowing Session, login: String, _ verifier: SCRAMVerifier, reason: String?
  ) throws {
    let text = verifier.text
    try refusing { _ = try session.rows("SELECT api.person_password(\(login), \(text), \(reason))") { _ in } }
  }

  /// Notes that whoever is signed in is here.
  package static func noteHere(_ session: borrowing Session) throws {
    _ = try session.rows("SELECT api.here()") { _ in }
  }

  package static func list(_ session: borrowing Session) throws -> [Person] {
    try session.rows(
      """
      SELECT p.role_name, p.display_name, p.role, v.handle, p.disabled_at IS NOT NULL, p.created_at
      FROM gkm.person p LEFT JOIN gkm.vendor v ON v.id = p.vendor_id ORDER BY p.role, p.role_name
      """
    ) {
      Person(
        login: try $0.string(0), name: try $0.string(1), role: try $0.word(2), vendor: try $0.stringOrNil(3),
        isDisabled: try $0.bool(4), since: try $0.instant(5))
    }
  }
}

/// What was asked for is not there.
package struct NotFound: Error, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }
}
