package import Market
package import Store
package import Terminal

/// One thing a person can do. Keys, the palette, help, hints and what a role may do are all read from the one table of
/// these; nothing is bound anywhere else.
package struct Command: Sendable {
  package let id: CommandID
  package let title: String
  /// As `Key.description` writes them; the first is shown in hints.
  package internal(set) var keys: [Key]
  package let scope: Scope
  /// Who may; `nil`: everybody.
  package let capability: Capability?
  /// Changes the market: not in read-only mode.
  package let changes: Bool
  /// Vendors have what it is about, and not this.
  package let isForStaff: Bool
  /// Asking is enough: who may only ask has it too.
  package let isRequest: Bool
  /// A short word for the line of hints; `nil` keeps it out of there.
  package let hint: String?
  /// Why it makes no sense for a row; `nil` where it does.
  package let rowRefusal: (@Sendable (DisplayRow) -> String?)?

  package init(
    _ id: CommandID, _ title: String, keys: [String], scope: Scope = .everywhere, needs capability: Capability? = nil,
    changes: Bool = false, isRequest: Bool = false,
    isForStaff: Bool = false, hint: String? = nil, refusing rowRefusal: (@Sendable (DisplayRow) -> String?)? = nil
  ) {
    self.id = id
    self.title = title
    self.keys = keys.compactMap { Key($0) }
    self.scope = scope
    self.capability = capability
    self.changes = changes
    self.isRequest = isRequest
    self.isForStaff = isForStaff
    self.hint = hint
    self.rowRefusal = rowRefusal
  }

  /// Where a command makes sense.
  package enum Scope: Equatable, Sendable {
    case everywhere
    case anyList
    case list(ListKind)
    /// A row of this list, or the story of one.
    case about(ListKind)
    /// Wherever there is something to move along.
    case rows
  }
}

package enum CommandID: Hashable, Sendable {
  case up, down, pageUp, pageDown, top, bottom, open, back, historyBack, historyForward
  case find, filter, clearFilter, savedFilters, sort, columns, pane, details
  case mark, markAll, unmark
  case palette, help, refresh, undo, pause, copy, exportCSV, exportJSON
  case retryDelivery, redriveJob
  case acknowledgeAlert, silenceAlert
  case addPerson, disablePerson, enablePerson, turnPerson, limitPerson, setPassword, changeMyPassword
  case sealGlass, lookAtGlass, breakGlass, endGlass
  case retryOrder, resendOrder, resendElsewhere, replaceKey, holdOrder, releaseOrder, noteOrder, resendDelivery
  case approveAsk, refuseAsk, withdrawAsk
  case assignBreak, explainBreak, closeBreak
  case prepareEvidence, editEvidence, submitEvidence
  case requestRefund, approveRefund, rejectRefund, cancelRefund, openCase
  case takeCase, noteCase, answerCase, handOverCase, releaseCase, closeCase, orderOfCase
  case importStock, withdrawStock, cancelImport, revealKey, approveReveal, refuseReveal
  case changeCommission, changeRule, endCommission, withdrawCommission
  case toggleUTC, toggleMouse, themes, messages, quit
  case nextPlace, previousPlace
  case go(Place)

  /// The name in settings: `page-down`, `go-orders`.
  package var name: String {
    if case .go(let place) = self { return "go-\(place.name)" }
    return String(describing: self).reduce(into: "") { name, character in
      if character.isUppercase, name.last?.isUppercase == false { name += "-" }
      name.append(character)
    }.lowercased()
  }
}

extension Command: Equatable {
  /// The same command under the same keys; what else there is of it follows from its id.
  package static func == (one: Command, other: Command) -> Bool { one.id == other.id && one.keys == other.keys }

  /// The command that `key` means on this screen, whether or not it may run now.
  package static func bound(to key: Key, in state: AppState) -> Command? {
    state.commands.first { $0.keys.contains(key) && $0.applies(to: state) }
  }

  /// Only moves the cursor: nothing to look for in the palette.
  package var isMovement: Bool { [.up, .down, .pageUp, .pageDown, .top, .bottom].contains(id) }

  /// Shown in hints before anything else: who knows these finds all others.
  package var isAlwaysHinted: Bool { id == .palette || id == .help }

  /// The key's name for hints and help.
  package var keyText: String { keys.first.map(\.description) ?? "" }

  package func applies(to state: AppState) -> Bool {
    switch (scope, state.screen) {
    case (.everywhere, _), (.rows, _), (.anyList, .list): true
    case (.list(let kind), .list(let list)), (.about(let kind), .list(let list)): list.kind == kind
    case (.about(let kind), .story(let story)): story.subject.kind == kind
    default: false
    }
  }

  /// Why it cannot run now; `nil` if it can.
  package func refusal(in state: AppState) -> String? {
    if let refusal = standingRefusal(in: state) { return refusal }
    guard let rowRefusal else { return nil }
    if let list = state.list, !list.marks.isEmpty { return nil }
    guard let row = state.chosenRow else { return "There is no row to do this to" }
    return rowRefusal(row)
  }

  /// Why this person cannot run it at all, whatever the cursor is on.
  package func standingRefusal(in state: AppState) -> String? {
    // Before it is known who signs in one may go anywhere: what is then not theirs is said on arrival.
    if case .go(let place) = id, let role = state.role, !place.isOpen(to: role) {
      return "Your role has no screen of \(place.title.lowercased())"
    }
    if isForStaff, state.role == .vendor { return "Only staff may do this" }
    if let capability, let role = state.role {
      switch capability.grant(to: role) {
      case .no: return "A person in the role \(role.rawValue) may not \(capability.title)"
      case .ask where changes && !isRequest: return "Ask ops or an admin: \(role.rawValue) may not \(capability.title)"
      default: break
      }
    }
    if state.isRestricted, id == .exportCSV || id == .exportJSON {
      return "No files here: ssh … list … --csv writes one on your side"
    }
    if state.isRestricted, id == .importStock { return "No files here: ssh … stock import - … < file" }
    if id == .importStock, state.upload != nil { return "Keys are being sent already: one import at a time" }
    if changes, state.isReadOnly { return "This session is read-only" }
    if changes, case .connecting = state.connection { return "Still connecting: once it is done" }
    if changes, state.connection != .signedIn { return "Not connected" }
    return nil
  }

  /// Whether the line of hints may speak of it. In a list what the row under the cursor refuses is hinted at all the
  /// same, else the line would change with each row; where there is no row at all, nothing that is done to one.
  package func isWorthHinting(in state: AppState) -> Bool {
    guard standingRefusal(in: state) == nil else { return false }
    if state.story != nil { return refusal(in: state) == nil }
    return state.hasRows || (rowRefusal == nil && id != .open)
  }

  /// Those that make sense here, and that the role may ever run, for help and the palette.
  package static func offered(in state: AppState) -> [Command] {
    state.commands.filter { command in
      guard command.applies(to: state), !(command.isForStaff && state.role == .vendor) else { return false }
      guard case .go(let place) = command.id else {
        guard let capability = command.capability, let role = state.role else { return true }
        return capability.grant(to: role) != .no
      }
      return state.role == nil || state.openPlaces.contains(place)
    }
  }
}
