import Market
import Store

/// How something that was just done is taken back: where, and by which command. What has left the house, a mail or
/// money, is never taken back; what can be is a step of its own, with its own reason in the audit log.
package struct Undo: Equatable, Sendable {
  package let route: Route
  package let command: CommandID

  /// `nil` for what cannot be taken back.
  init?(_ action: ActionRequest, by role: Role?) {
    switch action {
    case .holdOrder(let row): (route, command) = (.order(row.name), .releaseOrder)
    case .releaseOrder(let row): (route, command) = (.order(row.name), .holdOrder)
    case .takeCase(let row): (route, command) = (.supportCase(row.id), .releaseCase)
    case .releaseCase(let row), .closeCase(let row): (route, command) = (.supportCase(row.id), .takeCase)
    case .changeCommission:
      (route, command) = (.place(.list(.commission), filter: ""), .withdrawCommission)
    case .refund(let row, _):
      (route, command) = (.place(.list(.refunds), filter: "order:\(row.name)"), .cancelRefund)
    case .disablePerson(let row):
      (route, command) = (.place(.list(.people), filter: "login:\(row.name)"), .enablePerson)
    case .enablePerson(let row):
      (route, command) = (.place(.list(.people), filter: "login:\(row.name)"), .disablePerson)
    case .replaceKey(let row) where Self.isAsked(.replaceKey, role),
      .resendElsewhere(let row) where Self.isAsked(.resendOtherAddress, role):
      (route, command) = (.place(.list(.asks), filter: "order:\(row.name) state:waiting"), .withdrawAsk)
    default: return nil
    }
  }

  private static func isAsked(_ capability: Capability, _ role: Role?) -> Bool {
    role.map { capability.grant(to: $0) == .ask } ?? false
  }
}

/// Goes to what was done last and begins the step that takes it back, once it was read as it is now.
func undo(_ state: inout AppState, now: Instant) -> [Effect] {
  guard let undo = state.undo else {
    state.say("There is nothing that could be taken back", isProblem: true, at: now)
    return state.toastEffect
  }
  state.undo = nil
  let effects = follow(undo.route, &state, now: now)
  state.intent = undo.command
  return effects
}

extension AppState {
  /// Remembers what is carried out, for when it has been.
  mutating func note(_ action: ActionRequest) { performing = action }

  /// Begins what one came here for, now that it is read.
  mutating func followIntent(now: Instant) -> [Effect] {
    guard let id = intent, overlay == nil, let command = commands.first(where: { $0.id == id }) else { return [] }
    intent = nil
    return command.applies(to: self) ? attempt(command, &self, now: now) : []
  }
}
