package import Market
import Store
package import Terminal

/// One thing a person can do. Keys, the palette, help, hints and what a role may do are all read from the one table of
/// these; nothing is bound anywhere else.
package struct Command: Sendable {
  package let id: CommandID
  package let title: String
  /// As `Key.description` writes them; the first is shown in hints.
  package let keys: [Key]
  package let scope: Scope
  /// Who may; `nil`: everybody.
  package let capability: Capability?
  /// Changes the market: not in read-only mode.
  package let changes: Bool
  /// A short word for the line of hints; `nil` keeps it out of there.
  package let hint: String?

  package init(
    _ id: CommandID, _ title: String, keys: [String], scope: Scope = .everywhere, needs capability: Capability? = nil,
    changes: Bool = false, hint: String? = nil
  ) {
    self.id = id
    self.title = title
    self.keys = keys.compactMap { Key($0) }
    self.scope = scope
    self.capability = capability
    self.changes = changes
    self.hint = hint
  }

  /// Where a command makes sense.
  package enum Scope: Equatable, Sendable {
    case everywhere
    case anyList
    case list(ScreenKind)
    case story
    case rows
  }
}

package enum CommandID: Hashable, Sendable {
  case up, down, pageUp, pageDown, top, bottom, open, back
  case filter, clearFilter, palette, help, refresh, pause, copy
  case retryDelivery
  case toggleUTC, nextTheme, messages, quit
  case go(ScreenKind)
}

extension Command {
  package static let table: [Command] =
    [
      Command(.down, "Next row", keys: ["j", "down"], scope: .rows),
      Command(.up, "Previous row", keys: ["k", "up"], scope: .rows),
      Command(.pageDown, "Page down", keys: ["pgdn", "ctrl-f", "space"], scope: .rows),
      Command(.pageUp, "Page up", keys: ["pgup", "ctrl-b"], scope: .rows),
      Command(.top, "First row", keys: ["g", "home"], scope: .rows),
      Command(.bottom, "Last row", keys: ["G", "end"], scope: .rows),
      Command(.open, "Open what is under the cursor", keys: ["enter"], scope: .rows, hint: "open"),
      Command(.back, "Back", keys: ["esc", "backspace"], hint: "back"),
      Command(.filter, "Filter this list", keys: ["/"], scope: .anyList, hint: "filter"),
      Command(.clearFilter, "Clear the filter", keys: ["ctrl-l"], scope: .anyList),
      Command(
        .retryDelivery, "Retry this delivery", keys: ["t"], scope: .list(.deliveries), needs: .retryDelivery,
        changes: true, hint: "retry"),
      Command(.palette, "All commands", keys: [":", "ctrl-p"], hint: "commands"),
      Command(.help, "Help", keys: ["?", "f1"], hint: "help"),
      Command(.refresh, "Read again now", keys: ["r", "f5"]),
      Command(.pause, "Pause or follow new rows", keys: ["p"], scope: .anyList),
      Command(.copy, "Copy the row's id", keys: ["y"], scope: .rows),
      Command(.toggleUTC, "Times in UTC or your zone", keys: ["u"]),
      Command(.nextTheme, "Next theme", keys: ["T"]),
      Command(.messages, "Message log", keys: ["m"]),
      Command(.quit, "Quit", keys: ["q", "ctrl-c"], hint: "quit"),
    ]
    + ScreenKind.allCases.enumerated().map { index, kind in
      Command(.go(kind), kind.title, keys: ["\(index + 1)"], needs: kind.list.capability)
    }

  package static func with(_ id: CommandID) -> Command? { table.first { $0.id == id } }

  /// The command that `key` means on this screen, whether or not it may run now.
  package static func bound(to key: Key, in state: AppState) -> Command? {
    table.first { $0.keys.contains(key) && $0.applies(to: state) }
  }

  /// Only moves the cursor: nothing to look for in the palette.
  package var isMovement: Bool { [.up, .down, .pageUp, .pageDown, .top, .bottom].contains(id) }

  /// The key's name for hints and help.
  package var keyText: String { keys.first.map(\.description) ?? "" }

  package func applies(to state: AppState) -> Bool {
    switch (scope, state.screen) {
    case (.everywhere, _), (.rows, _), (.anyList, .list), (.story, .story): true
    case (.list(let kind), .list(let list)): list.kind == kind
    default: false
    }
  }

  /// Why it cannot run now; `nil` if it can.
  package func refusal(in state: AppState) -> String? {
    if case .go(let kind) = id, !state.openScreens.contains(kind) {
      return "Your role has no list of \(kind.title.lowercased())"
    }
    if let capability, let role = state.role {
      switch capability.grant(to: role) {
      case .no: return "A person in the role \(role.rawValue) may not \(capability.title)"
      case .ask where changes: return "Ask ops or an admin: \(role.rawValue) may not \(capability.title)"
      default: break
      }
    }
    if changes, state.isReadOnly { return "This session is read-only" }
    if changes, state.connection != .signedIn { return "Not connected" }
    return nil
  }

  /// Those that make sense here and that the role may ever run, for help and the palette.
  package static func offered(in state: AppState) -> [Command] {
    table.filter { command in
      guard command.applies(to: state) else { return false }
      guard case .go(let kind) = command.id else {
        guard let capability = command.capability, let role = state.role else { return true }
        return capability.grant(to: role) != .no
      }
      return state.openScreens.contains(kind)
    }
  }
}
