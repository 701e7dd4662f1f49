import Glibc
import Market
import Store
package import Terminal

/// The interactive console: one loop on the main thread, which alone touches the terminal and the state.
package final class ConsoleApp {
  package struct Options: Sendable {
    package var connection: ConsoleConnection
    /// For live ticks; without it lists are polled.
    package var redisURL: String?
    package var themes: ThemeLibrary
    package var themeName: String
    /// Whether Ctrl-Z stops the program; not where a person must not reach a shell.
    package var suspendable: Bool

    package init(
      connection: ConsoleConnection, redisURL: String? = nil, themes: ThemeLibrary = ThemeLibrary(),
      themeName: String = "dark", suspendable: Bool = true
    ) {
      self.connection = connection
      self.redisURL = redisURL
      self.themes = themes
      self.themeName = themeName
      self.suspendable = suspendable
    }
  }

  private let options: Options
  private let screen: TerminalScreen
  private let mailbox: Mailbox
  private let source: DataSource
  private let live: LiveUpdates
  private var state: AppState

  /// Opens the terminal, shows the console until the person quits, and puts the terminal back.
  package static func run(_ options: Options) throws {
    let app = try ConsoleApp(options)
    app.loop()
  }

  private init(_ options: Options) throws {
    self.options = options
    var terminal = TerminalScreen.Options(theme: try options.themes.theme(named: options.themeName))
    terminal.suspendable = options.suspendable
    screen = try TerminalScreen(terminal)
    let mailbox = Mailbox(waker: screen.waker)
    self.mailbox = mailbox
    let live = LiveUpdates { mailbox.post($0) }
    self.live = live
    let redisURL = options.redisURL
    source = DataSource(options.connection, post: { mailbox.post($0) }) { viewer in
      live.stop()
      // Vendors have no Redis: their lists are polled.
      live.start(redisURL: viewer.role.isStaff ? redisURL : nil)
    }
    state = AppState(
      size: screen.size, host: options.connection.host, themeName: options.themeName, themeNames: options.themes.names,
      zoneOffset: Self.zoneOffset(), isReadOnly: options.connection.isReadOnly)
  }

  private func loop() {
    draw()
    perform([.connect(password: nil)])
    while !state.quitting {
      guard let first = screen.nextEvent(timeout: nil) else { continue }
      handle(.input(first))
      // What has piled up is taken in one go and drawn once.
      while !state.quitting, screen.hasPendingEvents, let next = screen.nextEvent(timeout: .zero) {
        handle(.input(next))
      }
      for event in mailbox.takeAll() { handle(event) }
      draw()
    }
    live.stop()
    screen.shut()
  }

  private func handle(_ event: Event) {
    perform(update(&state, event, now: SystemClock.now))
  }

  private func draw() {
    guard !state.quitting else { return }
    let frame = render(state)
    screen.draw(frame.grid, cursor: frame.cursor)
  }

  private func perform(_ effects: [Effect]) {
    let source = source
    let mailbox = mailbox
    for effect in effects {
      switch effect {
      case .connect(let password): Task { await source.connect(password: password) }
      case .loadList(let query): Task { await source.load(query) }
      case .loadStory(let query): Task { await source.load(query) }
      case .perform(let action, let reason): Task { await source.perform(action, reason: reason) }
      case .copy(let text): _ = screen.copy(text)
      case .setTheme(let name):
        if let theme = try? options.themes.theme(named: name) { screen.theme = theme }
      case .endToast(let serial):
        Task {
          try? await Task.sleep(for: .seconds(4))
          mailbox.post(.toastOver(serial: serial))
        }
      case .suspend: _ = screen.suspend()
      case .repaint: screen.repaint()
      case .quit: break
      }
    }
  }

  /// Seconds east of UTC where the person is, now.
  private static func zoneOffset() -> Int {
    var seconds = time(nil)
    var local = tm()
    localtime_r(&seconds, &local)
    return local.tm_gmtoff
  }
}
