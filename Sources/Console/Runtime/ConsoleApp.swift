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
    /// Where a person's choices are kept; `nil`: nowhere.
    package var memory: RememberedFile?

    package init(
      connection: ConsoleConnection, redisURL: String? = nil, themes: ThemeLibrary = ThemeLibrary(),
      themeName: String = "dark", suspendable: Bool = true, memory: RememberedFile? = nil
    ) {
      self.memory = memory
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
      zoneOffset: Self.zoneOffset(), isReadOnly: options.connection.isReadOnly,
      remembered: options.memory?.read() ?? .ofNobody)
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
    for effect in effects {
      switch effect {
      case .connect(let password): Task { await source.connect(password: password) }
      case .loadList(let query): Task { await source.load(query) }
      case .loadStory(let query): Task { await source.load(query) }
      case .loadBoard(let query): Task { await source.load(query) }
      case .perform(let action, let values): Task { await source.perform(action, values: values) }
      case .preview(let action, let values): Task { await source.preview(action, values: values) }
      case .export(let request): Task { await source.export(request) }
      case .copy(let text): _ = screen.copy(text)
      case .setTheme(let name):
        if let theme = try? options.themes.theme(named: name) { screen.theme = theme }
      case .setMouse(let isOn): screen.mouse = isOn
      case .remember(let remembered): options.memory?.write(remembered)
      case .endToast(let serial): post(.toastOver(serial: serial), after: .seconds(4))
      case .rest(let serial): post(.rested(serial: serial), after: .milliseconds(150))
      case .suspend: _ = screen.suspend()
      case .repaint: screen.repaint()
      case .quit: break
      }
    }
  }

  private func post(_ event: Event, after pause: Duration) {
    let mailbox = mailbox
    Task {
      try? await Task.sleep(for: pause)
      mailbox.post(event)
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
