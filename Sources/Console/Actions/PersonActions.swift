import Market
import Store

/// Adding people, changing what they are and until when, ending their access and giving it back.
enum PersonActions {
  static func begin(_ id: CommandID, _ state: inout AppState) -> [Effect] {
    switch id {
    case .addPerson: state.overlay = .form(adding(zone: state.typingZone))
    case .changeMyPassword: state.overlay = .form(ownPassword)
    default:
      guard let row = state.list?.selectedRow, case .person(let person, let until) = row.detail else { return [] }
      switch id {
      case .disablePerson: state.overlay = .form(disabling(row))
      case .enablePerson: state.overlay = .form(enabling(row, person, zone: state.typingZone))
      case .turnPerson: state.overlay = .form(turning(row, person))
      case .limitPerson: state.overlay = .form(limiting(row, until, zone: state.typingZone))
      case .setPassword: state.overlay = .form(newPassword(row))
      default: break
      }
    }
    return []
  }

  private static func adding(zone: String) -> FormState {
    FormState(
      action: .addPerson, title: "Add a person",
      lines: [
        "They get a login of their own. Without a password they sign in as the system user of that name.",
        "Until: such as 2027-01-31 18:00 or monday; empty for no end.",
      ],
      fields: [
        FormField("login", "Login", .text(least: 2)), FormField("name", "Name", .text(least: 1)),
        FormField("role", "Role", .choice(Role.people.map(\.rawValue)), Role.support.rawValue),
        FormField("vendor", "Vendor", .text(least: 0)),
      ] + until("", zone) + [.password(PasswordWish.allCases)], confirmTitle: "Add")
  }

  private static func disabling(_ row: DisplayRow) -> FormState {
    FormState(
      action: .disablePerson(row.asShown), title: "Disable \(row.name)",
      lines: ["They can no longer sign in and their sessions end at once. What they did stays in the audit log."],
      fields: [.reason, .typed(row.name)], confirmTitle: "Disable")
  }

  private static func enabling(_ row: DisplayRow, _ person: PersonRow, zone: String) -> FormState {
    let vendor = person.vendor.map { " of \($0)" } ?? ""
    return FormState(
      action: .enablePerson(row.asShown), title: "Let \(row.name) in again",
      lines: [
        "As \(person.role.rawValue)\(vendor), as before. The password they had opens nothing any more.",
        "Until: such as 2027-01-31 18:00 or monday; empty for no end.",
      ], fields: [.password(PasswordWish.allCases)] + until("", zone) + [.reason], confirmTitle: "Let in")
  }

  private static func turning(_ row: DisplayRow, _ person: PersonRow) -> FormState {
    let others = Role.people.filter { $0.isStaff && $0 != person.role }.map(\.rawValue)
    return FormState(
      action: .turnPerson(row.asShown), title: "Another role for \(row.name)",
      lines: ["Now \(person.role.rawValue). Their sessions end, and they sign in again as what they are then."],
      fields: [FormField("role", "Role", .choice(others), others.first ?? ""), .reason], confirmTitle: "Change")
  }

  private static func limiting(_ row: DisplayRow, _ now: String, zone: String) -> FormState {
    FormState(
      action: .limitPerson(row.asShown), title: "Until when \(row.name) has access",
      lines: [
        now.isEmpty ? "Now without end." : "Now until \(now) \(zone).",
        "Until: such as 2027-01-31 18:00 or monday; empty for no end.",
      ], fields: until(now, zone) + [.reason], confirmTitle: "Change", hasPreview: true)
  }

  private static func newPassword(_ row: DisplayRow) -> FormState {
    FormState(
      action: .setPassword(row.asShown), title: "Another password for \(row.name)",
      lines: ["The one they have opens nothing any more, and their sessions end."],
      fields: [.password([.made, .typed]), .reason], confirmTitle: "Change")
  }

  private static var ownPassword: FormState {
    FormState(
      action: .setOwnPassword, title: "Change your password",
      lines: ["8 bytes at least. It never leaves this console; your other sessions end."],
      fields: [.password([.typed, .made], .typed), .secret, .again], confirmTitle: "Change")
  }

  private static func until(_ text: String, _ zone: String) -> [FormField] {
    [FormField("until", "Until", .text(least: 0), text), FormField("zone", "In the zone", .text(least: 1), zone)]
  }

  static func refusalToTurn(_ row: DisplayRow) -> String? {
    guard case .person(let person, _) = row.detail else { return "This is no person" }
    if person.role == .vendor { return "A vendor's login is never one of the staff" }
    return person.state == .glass ? "\(row.name) has broken the glass: b ends it first" : refusal(row)
  }

  static func refusal(_ row: DisplayRow) -> String? {
    guard case .person(let person, _) = row.detail else { return "This is no person" }
    return person.hasAccess ? nil : "\(row.name) has no access any more"
  }

  static func refusalToEnable(_ row: DisplayRow) -> String? {
    guard case .person(let person, _) = row.detail else { return "This is no person" }
    return person.hasAccess ? "\(row.name) has access" : nil
  }

  static func refusalToEndGlass(_ row: DisplayRow) -> String? {
    guard case .person(let person, _) = row.detail else { return "This is no person" }
    return person.state == .glass ? nil : "\(row.name) has not broken the glass"
  }
}

/// Where a new password comes from.
enum PasswordWish: String, CaseIterable {
  case made = "made by chance"
  case typed
  case none
}

extension FormField {
  static func password(_ wishes: [PasswordWish], _ wish: PasswordWish = .made) -> FormField {
    FormField("password", "Password", .choice(wishes.map(\.rawValue)), wish.rawValue)
  }

  static let secret = FormField("secret", "The password", .secret)
  /// What nobody sees is typed twice.
  static let again = FormField("again", "Once more", .secret)
}

extension FormState {
  /// A password that is typed has two lines of its own, behind the choice; one that is not has none.
  mutating func followPassword() {
    guard let place = fields.firstIndex(where: { $0.name == "password" && $0.isChoice }) else { return }
    let (isTyped, isAsked) = (
      fields[place].edit.text == PasswordWish.typed.rawValue, fields.contains { $0.name == "secret" }
    )
    guard isTyped != isAsked else { return }
    if isTyped {
      fields.insert(contentsOf: [.secret, .again], at: place + 1)
    } else {
      fields.removeAll { $0.kind == .secret }
    }
  }
}
