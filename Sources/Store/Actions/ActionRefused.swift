package import Postgres

/// Why the market did not do what a person asked for: one clear sentence, without a value of anybody else's.
package struct ActionRefused: Error, Equatable, CustomStringConvertible {
  package enum Kind: Sendable, Equatable {
    /// The person's role may not do this.
    case notAllowed
    /// There is no such thing, or the person may not see it.
    case notFound
    /// It changed since it was shown: look again, then decide.
    case changed
    /// As things stand it cannot be done.
    case impossible
    /// What was asked for is not well said, such as a reason that is too short.
    case badRequest
  }

  package let kind: Kind
  package let description: String

  package init(_ kind: Kind, _ description: String) {
    self.kind = kind
    self.description = description
  }

  /// What a function of schema `api` said; `nil` for what is no refusal but a failure.
  package init?(_ error: PostgresError) {
    switch error.sqlState {
    case "42501":
      // The functions' own words begin so; for a login that has no grant the server names the function instead.
      let own = error.message.hasPrefix("permission denied: ")
      self.init(
        .notAllowed, own ? String(error.message.dropFirst("permission denied: ".count)) : "your role may not do this")
    case "P0002": self.init(.notFound, error.message)
    case "40001": self.init(.changed, error.message)
    case "55000": self.init(.impossible, error.message)
    case "22023": self.init(.badRequest, error.message)
    case "23514" where error.message.contains("safe_text"):
      self.init(.badRequest, "the text holds a control character, which nothing kept may hold")
    case "25006": self.init(.notAllowed, "this session is read-only")
    default: return nil
    }
  }
}
