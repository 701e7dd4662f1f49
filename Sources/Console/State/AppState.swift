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
  package var overlay: Overlay?
  package var toast: Toast?
  /// The newest last, at most 200.
  package var messages: [Message] = []
  package var themeName: String
  package var themeNames: [String]
  package var isUTC: Bool
  /// Seconds east of UTC in the person's zone, as of now.
  package var zoneOffset: Int
  package var host: String
  package var isReadOnly: Bool
  /// Whether Redis tells of changes; without it lists are polled.
  package var isLive = false
  package var nextGeneration = 1
  /// Something changed while a reading was under way.
  package var isReadDue = false
  package var quitting = false

  package init(
    size: Size, host: String = "", themeName: String = "dark", themeNames: [String] = ["dark", "light"],
    isUTC: Bool = false, zoneOffset: Int = 0, isReadOnly: Bool = false
  ) {
    self.size = size
    self.host = host
    self.themeName = themeName
    self.themeNames = themeNames
    self.isUTC = isUTC
    self.zoneOffset = zoneOffset
    self.isReadOnly = isReadOnly
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

  package var role: Role? { viewer?.role }

  /// Screens that the signed-in role has, in the order of their keys.
  package var openScreens: [ScreenKind] {
    guard let role else { return ScreenKind.allCases }
    return ScreenKind.allCases.filter { $0.list.isOpen(to: role) }
  }

  package var clock: ClockFormat { ClockFormat(offset: isUTC ? 0 : zoneOffset, isUTC: isUTC) }

  /// Rows that the body has for a list or a timeline.
  package var bodyHeight: Int { Layout(size).body(of: self).rows }

  package mutating func say(_ text: String, isProblem: Bool = false, at now: Instant) {
    messages.append(Message(at: now, text: text, isProblem: isProblem))
    if messages.count > 200 { messages.removeFirst(messages.count - 200) }
    toast = Toast(text: text, isProblem: isProblem, serial: (toast?.serial ?? 0) + 1)
  }
}
