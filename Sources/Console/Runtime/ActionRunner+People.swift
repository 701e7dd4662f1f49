import Market
import Postgres
import Store

/// Who may sign in, until when, as what; and the glass.
extension ActionRunner {
  private var why: String { values["reason"] ?? "" }

  /// What to say, and what has to be read; `nil` for an action about something else.
  func runOnPeople(_ action: ActionRequest, clock: ClockFormat) async throws -> (said: String, note: NoteState?)? {
    switch action {
    case .addPerson: return try await addPerson()
    case .enablePerson(let row): return try await enable(row)
    case .setPassword(let row): return try await setPassword(row)
    case .setOwnPassword: return try await setOwnPassword()
    case .disablePerson(let row):
      try await change(row) { try PeopleAdministration.disable($0, login: row.name, reason: $1) }
      return ("\(row.name) can no longer sign in, and sessions were ended", nil)
    case .turnPerson(let row):
      let role = try Self.role(values["role"])
      try await change(row) { try PeopleAdministration.turn($0, login: row.name, into: role, reason: $1) }
      return ("\(row.name) is \(role.rawValue) now", nil)
    case .limitPerson(let row):
      let wish = try UntilWish(values)
      let until = try await change(row) { session, reason in
        let placed = try wish.placed(session)
        try PeopleAdministration.limit(session, login: row.name, until: placed?.instant, reason: reason)
        return placed?.text
      }
      return ("\(row.name) has access \(until.map { "until \($0)" } ?? "without end")", nil)
    case .endGlass(let row):
      try await change(row) { try BreakGlass.end($0, login: row.name, reason: $1) }
      return ("\(row.name) is no admin any more; everybody was told", nil)
    case .breakGlass: return (try await breakGlass(clock), nil)
    case .sealGlass:
      let reason = why
      let code = try await connection.write { try BreakGlass.seal($0, reason: reason) }
      return ("A new code is sealed; the one before it is void", GlassText.code(code))
    case .lookAtGlass:
      let standing = try await connection.read { try BreakGlass.standing($0) }
      return ("", NoteState("The glass", GlassText.lines(standing, clock)))
    default: return nil
    }
  }

  /// To a person as they were shown, and not otherwise.
  @discardableResult
  private func change<Value: Sendable>(
    _ row: RowAsShown, _ body: @escaping @Sendable (borrowing Session, String) throws -> Value
  ) async throws -> Value {
    let reason = why
    return try await RoleChange.write(on: connection) { session in
      try PeopleAdministration.demandUnchanged(session, login: row.name, version: row.version)
      return try body(session, reason)
    }
  }

  private func addPerson() async throws -> (said: String, note: NoteState?) {
    let (login, name, role) = (values["login"] ?? "", values["name"] ?? "", try Self.role(values["role"]))
    let vendor = (values["vendor"] ?? "").isEmpty ? nil : values["vendor"]
    let (wish, password) = (try UntilWish(values), try password())
    let until = try await RoleChange.write(on: connection) { session in
      let placed = try wish.placed(session)
      _ = try PeopleAdministration.add(
        session, login: login, name: name, role: role, vendor: vendor, verifier: password?.verifier)
      if let placed {
        try PeopleAdministration.limit(
          session, login: login, until: placed.instant, reason: "said when they were added")
      }
      return placed?.text
    }
    return (
      "\(login) was added as \(role.rawValue)" + (until.map { ", until \($0)" } ?? ""),
      Self.handOver(password, to: login)
    )
  }

  private func enable(_ row: RowAsShown) async throws -> (said: String, note: NoteState?) {
    let (wish, password) = (try UntilWish(values), try password())
    let until = try await change(row) { session, reason in
      let placed = try wish.placed(session)
      try PeopleAdministration.enable(
        session, login: row.name, verifier: password?.verifier, until: placed?.instant, reason: reason)
      return placed?.text
    }
    return (
      "\(row.name) may sign in again" + (until.map { ", until \($0)" } ?? ""), Self.handOver(password, to: row.name)
    )
  }

  private func setPassword(_ row: RowAsShown) async throws -> (said: String, note: NoteState?) {
    guard let password = try password() else { throw ActionRefused(.badRequest, "say which password") }
    try await change(row) {
      try PeopleAdministration.setPassword($0, login: row.name, password.verifier, reason: $1)
    }
    return ("The password of \(row.name) is changed, and their sessions ended", Self.handOver(password, to: row.name))
  }

  private func setOwnPassword() async throws -> (said: String, note: NoteState?) {
    guard let password = try password() else { throw ActionRefused(.badRequest, "say which password") }
    let login = try await RoleChange.write(on: connection) { session in
      let login = try Viewer.current(session).login
      try PeopleAdministration.setPassword(session, login: login, password.verifier, reason: nil)
      return login
    }
    return ("Your password is changed; your other sessions ended", Self.handOver(password, to: login))
  }

  /// The new password that was chosen, as it is kept and in the clear; `nil` for none.
  func password() throws -> NewPassword? {
    switch PasswordWish(rawValue: values["password"] ?? "") {
    case .made:
      let words = RandomWords.make(groups: 5)
      return NewPassword(verifier: try SCRAMVerifier(password: words), clear: words, isMade: true)
    case .typed:
      let typed = values["secret"] ?? ""
      guard typed == values["again"] else { throw ActionRefused(.badRequest, "the two passwords are not the same") }
      return NewPassword(verifier: try SCRAMVerifier(password: typed), clear: typed, isMade: false)
    case PasswordWish.none?, nil: return nil
    }
  }

  /// A password that was made here is shown this once.
  private static func handOver(_ password: NewPassword?, to login: String) -> NoteState? {
    guard let password, password.isMade else { return nil }
    return NoteState(
      "Password of \(login)", ["It is shown only now, and kept nowhere: hand it over in private."],
      secret: password.clear)
  }

  private func breakGlass(_ clock: ClockFormat) async throws -> String {
    let (code, reason) = (values["code"] ?? "", why)
    // A try with nothing typed would be told to everybody.
    guard !RandomWords.plain(code).isEmpty else { throw ActionRefused(.badRequest, "type the code") }
    guard let minutes = Int(values["minutes"] ?? ""), BreakGlass.minutes.contains(minutes) else {
      throw ActionRefused(.badRequest, "the glass is broken for 5 to 240 minutes")
    }
    let until = try await RoleChange.write(on: connection) {
      try BreakGlass.use($0, code: code, minutes: minutes, reason: reason)
    }
    guard let until else {
      throw ActionRefused(.notAllowed, "that is not the code; everybody was told that it was tried")
    }
    return "You are admin until \(clock.day(until)). Everybody was told"
  }

  private static func role(_ text: String?) throws -> Role {
    guard let role = Role(rawValue: text ?? "") else { throw ActionRefused(.badRequest, "there is no such role") }
    return role
  }

  /// When it would be, on their clock and the world's.
  func previewLimit(_ row: RowAsShown) async throws -> (lines: [String], typed: String?) {
    let wish = try UntilWish(values)
    let lines = try await connection.read { session in
      guard let placed = try wish.placed(session), let instant = placed.instant else {
        return ["\(row.name) has access without end"]
      }
      return [
        "\(row.name) has access until \(placed.text) (\(instant.rfc3339)).",
        "Then no password opens the login, and sessions that are open end within seconds.",
      ]
    }
    return (lines, nil)
  }

  /// What a new code would take the place of.
  func previewSeal() async throws -> (lines: [String], typed: String?) {
    let standing = try await connection.read { try BreakGlass.standing($0) }
    guard let by = standing.sealedBy, let at = standing.sealedAt else { return (["No code is sealed now."], nil) }
    return (["The code that \(by) sealed (\(at.rfc3339)) is void then: somebody has to change the envelope."], nil)
  }
}

/// A new password: as it is kept, and in the clear, which never leaves the console.
struct NewPassword: Sendable {
  let verifier: SCRAMVerifier
  let clear: String
  /// By chance, so that nobody knows it yet.
  let isMade: Bool
}

/// Until when somebody has access, as it was typed; nothing is without end.
struct UntilWish: Sendable {
  private let moment: LocalMoment?
  private let zone: String

  init(_ values: [String: String]) throws {
    zone = values["zone"] ?? "UTC"
    let text = values["until"] ?? ""
    guard text.contains(where: { $0 != " " }) else {
      moment = nil
      return
    }
    guard let typed = LocalMoment(typed: text), typed != .now else {
      throw ActionRefused(.badRequest, "a time to come is 2027-01-31, 2027-01-31 18:00, tomorrow 09:00 or monday")
    }
    moment = typed
  }

  func placed(_ session: borrowing Session) throws -> LocalMoment.Placed? { try moment?.placed(session, in: zone) }
}
