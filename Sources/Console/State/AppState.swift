package import Market
package import Store
package import Terminal

/// All that the console knows. `update` alone changes it, `render` alone draws it.
package struct AppState: Equatable, Sendable {
  package var size: Size
  package var connection = Connection.connecting(attempt: 0)
  package var viewer: Viewer?
  /// The way here: the last is shown, Esc goes back.
  package var screens: [Screen]
  /// The ways that were left for others.
  package var history = History()
  package var overlay: Overlay?
  package var toast: Toast?
  /// The newest last, at most 200.
  package var messages: [Message] = []
  package var themeName: String
  package var themeNames: [String]
  package var isUTC: Bool
  /// Seconds east of UTC in the person's zone, as of now.
  package var zoneOffset: Int
  /// The person's zone by its name, for moments that are typed.
  package var zoneName = "UTC"
  /// The zone is the machine's.
  package var followsZone = false
  package var host: String
  package var isReadOnly: Bool
  /// A login without a shell: nothing is written into the machine's files.
  package var isRestricted = false
  package var isMouseOn = false
  package var remembered = Remembered()
  /// The table of commands under the person's keys.
  package var commands = Command.table
  package var language = Language.english
  /// Answers kept ready for cases, by name.
  package var replies: [String: String] = [:]
  /// A password was typed here, and has to be typed again after a lock.
  package var hasTypedPassword = false
  /// Nothing of the market is shown until the password was typed again.
  package var isLocked = false
  /// What is said on the terminal when the console has closed.
  package var farewell: String?
  /// What is being carried out, and how what was carried out last is taken back.
  package var performing: ActionRequest?
  package var undo: Undo?
  /// What one came to this screen for: begun once it is read.
  package var intent: CommandID?
  /// Keys that are on their way to the market, while the person goes on working.
  package var upload: UploadState?
  /// Whether Redis tells of changes; without it lists are polled.
  package var isLive = false
  package var nextGeneration = 1
  /// Something changed while a reading was under way.
  package var isReadDue = false
  /// The row that the side pane shows: where the cursor last rested.
  package var pane: Int64?
  /// Counts the cursor's moves, so that only the last one's rest is heeded.
  package var restSerial = 0
  package var quitting = false

  package init(
    size: Size, host: String = "", themeName: String = "dark", themeNames: [String] = ["dark", "light"],
    isUTC: Bool = false, zoneOffset: Int = 0, isReadOnly: Bool = false, remembered: Remembered = Remembered()
  ) {
    self.size = size
    self.host = host
    self.themeName = themeName
    self.themeNames = themeNames
    self.isUTC = isUTC
    self.zoneOffset = zoneOffset
    self.isReadOnly = isReadOnly
    self.remembered = remembered
    screens = [.list(ListState(kind: .orders))]
  }

  package enum Connection: Equatable, Sendable {
    case connecting(attempt: Int)
    case signedIn
    /// What is on the screen may be old.
    case lost(String)
    /// Nothing will help but another login.
    case refused(String)
  }

  package struct Message: Equatable, Sendable {
    package var at: Instant
    package var text: String
    package var isProblem: Bool
  }

  package struct Toast: Equatable, Sendable {
    package var text: String
    package var isProblem: Bool
    package var serial: Int
  }
}

/// One screen of the stack.
package enum Screen: Equatable, Sendable {
  case list(ListState)
  case story(StoryState)
  case board(BoardState)
}

extension AppState {
  package var screen: Screen {
    get { screens.last ?? .list(ListState(kind: .orders)) }
    set {
      if screens.isEmpty { screens.append(newValue) } else { screens[screens.count - 1] = newValue }
    }
  }

  package var list: ListState? {
    get { if case .list(let list) = screen { list } else { nil } }
    set { if let newValue { screen = .list(newValue) } }
  }

  package var story: StoryState? {
    get { if case .story(let story) = screen { story } else { nil } }
    set { if let newValue { screen = .story(newValue) } }
  }

  package var board: BoardState? {
    get { if case .board(let board) = screen { board } else { nil } }
    set { if let newValue { screen = .board(newValue) } }
  }

  /// Where the stack began: what the tabs show.
  package var place: Place? {
    switch screens.first {
    case .list(let list): .list(list.kind)
    case .board(let board): .board(board.kind)
    case .story, nil: nil
    }
  }

  /// Whether there is anything to move along.
  package var hasRows: Bool {
    switch screen {
    case .list(let list): !list.rows.isEmpty
    case .story(let story): !story.lines.isEmpty
    case .board(let board): !board.lines.isEmpty
    }
  }

  package var role: Role? { viewer?.role }

  /// Screens that the signed-in role has, in the order of their tabs; before it is known which that is, those that
  /// most have.
  package var openPlaces: [Place] {
    guard let role else { return Place.beforeSignIn }
    return Place.all.filter { $0.isOpen(to: role) }
  }

  package var clock: ClockFormat { ClockFormat(offset: isUTC ? 0 : zoneOffset, isUTC: isUTC, followsZone: followsZone) }

  /// The zone in which moments are typed: that in which they are shown.
  package var typingZone: String { isUTC ? "UTC" : zoneName }

  /// Rows that the body has for a list or a timeline.
  package var bodyHeight: Int { Layout(size).body(of: self).rows }

  /// Whether there is a side pane beside the list.
  package var hasPane: Bool { list != nil && !remembered.isPaneHidden && Layout(size).hasRoomForPane }

  package mutating func say(_ text: String, isProblem: Bool = false, at now: Instant) {
    messages.append(Message(at: now, text: text, isProblem: isProblem))
    if messages.count > 200 { messages.removeFirst(messages.count - 200) }
    toast = Toast(text: text, isProblem: isProblem, serial: (toast?.serial ?? 0) + 1)
  }
}
