/// What a person or a program may be. Each is a group role of the database; a person belongs to exactly one.
package enum Role: String, CaseIterable, Sendable, Codable {
  case support
  case ops
  case vendor
  case admin
  /// `gkmd serve`: not a person.
  case daemon

  /// The database's name of the group role.
  package var databaseRole: String { "gkm_\(rawValue)" }

  /// Staff see the whole market; a vendor only what is theirs.
  package var isStaff: Bool { self == .support || self == .ops || self == .admin }

  /// Those who have it, in a sentence.
  package var plural: String {
    switch self {
    case .support: "support"
    case .ops: "operations"
    case .vendor: "vendors"
    case .admin: "admins"
    case .daemon: "the daemon"
    }
  }

  package static let people: [Role] = [.support, .ops, .vendor, .admin]
}
