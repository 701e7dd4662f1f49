package import Market
package import Postgres

/// What time does to people's access, and what has to be put right behind it.
package enum PeopleKeeper {
  /// Somebody who lost something.
  package struct Loss: Sendable, Equatable {
    package let login: String
    package let was: Role
    /// `nil`: they have no access any more.
    package let becomes: Role?

    package init(login: String, was: Role, becomes: Role?) {
      self.login = login
      self.was = was
      self.becomes = becomes
    }
  }

  /// Ends what is over, cuts the sessions of those without access, and notes who is there. As the daemon.
  package static func keep(_ session: borrowing Session) throws -> [Loss] {
    try session.rows("SELECT login, was, becomes FROM api.people_keep()") { row in
      let becomes = try row.stringOrNil(2)
      return Loss(login: try row.string(0), was: try row.word(1), becomes: becomes.flatMap(Role.init(rawValue:)))
    }
  }
}
