import Market

/// Adding people and ending their access.
enum PersonActions {
  static func askToAdd(_ state: inout AppState) -> [Effect] {
    state.overlay = .form(
      FormState(
        action: .addPerson, title: "Add a person",
        lines: ["They get a login of their own. Without a password they sign in as the system user of that name."],
        fields: [
          FormField("login", "Login", .text(least: 2)), FormField("name", "Name", .text(least: 1)),
          FormField("role", "Role", .choice(Role.people.map(\.rawValue)), Role.support.rawValue),
          FormField("vendor", "Vendor", .text(least: 0)), FormField("password", "Password", .secret),
        ], confirmTitle: "Add"))
    return []
  }

  static func askToDisable(_ state: inout AppState) -> [Effect] {
    guard let row = state.list?.selectedRow else { return [] }
    state.overlay = .form(
      FormState(
        action: .disablePerson(row.asShown), title: "Disable \(row.name)",
        lines: ["They can no longer sign in and their sessions end at once. What they did stays in the audit log."],
        fields: [.reason, .typed(row.name)], confirmTitle: "Disable"))
    return []
  }

  static func askToTurn(_ state: inout AppState) -> [Effect] {
    guard let row = state.list?.selectedRow, case .person(_, let role) = row.detail else { return [] }
    let others = Role.people.filter { $0.isStaff && $0 != role }.map(\.rawValue)
    state.overlay = .form(
      FormState(
        action: .turnPerson(row.asShown), title: "Another role for \(row.name)",
        lines: ["Now \(role.rawValue). Their sessions end, and they sign in again as what they are then."],
        fields: [FormField("role", "Role", .choice(others), others.first ?? ""), .reason], confirmTitle: "Change"))
    return []
  }

  static func refusalToTurn(_ row: DisplayRow) -> String? {
    if case .person(_, .vendor) = row.detail { return "A vendor's login is never one of the staff" }
    return refusal(row)
  }

  static func refusal(_ row: DisplayRow) -> String? {
    guard case .person(let isDisabled, _) = row.detail else { return "This is no person" }
    return isDisabled ? "\(row.name) is disabled already" : nil
  }
}
