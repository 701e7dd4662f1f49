package import Market
package import Postgres
import Store
import Terminal

/// `gkm person` and `gkm break-glass`: each answers the lines to print.
package enum PeopleReport {
  package struct Wish: Sendable {
    package var login: String
    package var name: String
    package var role: Role
    /// A vendor's handle, for the role `vendor` alone.
    package var vendor: String?
    package var until: Instant?
    /// `nil`: the person signs in as the system's user of that name, or with a certificate.
    package var password: PasswordChoice?

    package init(
      login: String, name: String, role: Role, vendor: String?, until: Instant?, password: PasswordChoice?
    ) {
      self.login = login
      self.name = name
      self.role = role
      self.vendor = vendor
      self.until = until
      self.password = password
    }
  }

  package static func add(_ wish: Wish, on connection: PostgresConnection) async throws -> [String] {
    let password = try wish.password?.verifier(for: wish.login)
    try await RoleChange.write(on: connection) { session in
      _ = try PeopleAdministration.add(
        session, login: wish.login, name: wish.name, role: wish.role, vendor: wish.vendor,
        verifier: password?.verifier)
      if let until = wish.until {
        try PeopleAdministration.limit(session, login: wish.login, until: until, reason: "said when they were added")
      }
    }
    let vendor = wish.vendor.map { " of \($0)" } ?? ""
    let until = wish.until.map { ", until \($0)" } ?? ""
    return ["Added \(wish.login) (\(wish.role.rawValue)\(vendor)\(until))."] + handOver(password?.generated)
  }

  /// A password that was made here is shown this once.
  static func handOver(_ password: String?) -> [String] {
    password.map { ["Password, shown only now: \($0)"] } ?? []
  }

  /// - Parameter password: `nil`: they have none, and sign in as the system's user of that name or with a certificate.
  package static func enable(
    _ login: String, _ password: PasswordChoice?, until: Instant?, reason: String, on connection: PostgresConnection
  ) async throws -> [String] {
    let password = try password?.verifier(for: login)
    try await RoleChange.write(on: connection) {
      try PeopleAdministration.enable(
        $0, login: login, verifier: password?.verifier, until: until, reason: reason)
    }
    let end = until.map { " until \($0)" } ?? ""
    return ["\(clean(login)) may sign in again\(end), as what they were."] + handOver(password?.generated)
  }

  package static func disable(_ login: String, reason: String, on connection: PostgresConnection) async throws -> String
  {
    try await RoleChange.write(on: connection) { try PeopleAdministration.disable($0, login: login, reason: reason) }
    return "\(clean(login)) has no access any more, and open sessions were ended."
  }

  package static func turn(
    _ login: String, into role: Role, reason: String, on connection: PostgresConnection
  ) async throws -> String {
    try await RoleChange.write(on: connection) {
      try PeopleAdministration.turn($0, login: login, into: role, reason: reason)
    }
    return "\(clean(login)) is \(role.rawValue) from now on, and signs in again."
  }

  package static func limit(
    _ login: String, until: Instant?, reason: String, on connection: PostgresConnection
  ) async throws -> String {
    try await RoleChange.write(on: connection) {
      try PeopleAdministration.limit($0, login: login, until: until, reason: reason)
    }
    return "\(clean(login)) has access " + (until.map { "until \($0)." } ?? "without end.")
  }

  /// - Parameter login: whose; `nil`: one's own.
  package static func password(
    _ login: String?, _ choice: PasswordChoice, reason: String?, on connection: PostgresConnection
  ) async throws -> [String] {
    let me = try await connection.read { try Viewer.current($0) }.login
    let login = login ?? me
    if login != me, reason == nil {
      throw ConsoleFailure("somebody else's password needs a --reason", status: .usage)
    }
    let (verifier, generated) = try choice.verifier(for: login)
    try await RoleChange.write(on: connection) {
      try PeopleAdministration.setPassword($0, login: login, verifier, reason: login == me ? nil : reason)
    }
    return ["The password of \(clean(login)) is changed; other sessions of that login ended."] + handOver(generated)
  }

  package static func seal(reason: String, on connection: PostgresConnection) async throws -> [String] {
    let code = try await connection.write { try BreakGlass.seal($0, reason: reason) }
    return [
      "Code, shown only now: \(code)",
      "Put it into an envelope where staff can reach it when no admin can be reached. The one before it is void.",
    ]
  }

  /// How it stands: the sealed code, and who is admin by it.
  package static func glass(on connection: PostgresConnection) async throws -> [String] {
    let standing = try await connection.read { try BreakGlass.standing($0) }
    return GlassText.lines(standing, ClockFormat(offset: 0, isUTC: true)).map(clean)
  }

  package static func breakGlass(
    code: String, minutes: Int, reason: String, on connection: PostgresConnection
  ) async throws -> String {
    let until = try await RoleChange.write(on: connection) {
      try BreakGlass.use($0, code: code, minutes: minutes, reason: reason)
    }
    guard let until else {
      throw ConsoleFailure("that is not the code; everybody was told that it was tried", status: .noPermission)
    }
    return "You are admin until \(until). Everybody was told. Sign in again where you are signed in."
  }

  package static func endBreaking(_ login: String?, reason: String, on connection: PostgresConnection) async throws
    -> String
  {
    let me = try await connection.read { try Viewer.current($0) }.login
    let login = login ?? me
    try await RoleChange.write(on: connection) { try BreakGlass.end($0, login: login, reason: reason) }
    return "\(clean(login)) is no admin any more."
  }

  private static func clean(_ text: String) -> String { Sanitizer.clean(text) }
}
