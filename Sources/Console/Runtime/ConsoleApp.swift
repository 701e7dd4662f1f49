import Glibc
import Market
import Store
import Synchronization
package import Terminal

/// The interactive console: one loop on the main thread, which alone touches the terminal and the state.
package final class ConsoleApp {
  package struct Options: Sendable {
    package var connection: ConsoleConnection
    /// What the person keeps in `config.toml`.
    package var settings: ConsoleSettings
    package var themes: ThemeLibrary
    package var themeName: String
    /// Whether Ctrl-Z stops the program; not where a person must not reach a shell.
    package var suspendable: Bool
    /// Where a person's choices are kept; `nil`: nowhere.
    package var memory: RememberedFile?
    /// The person has a login here and no shell: the machine's files are none of theirs.
    package var isRestricted: Bool

    package init(
      connection: ConsoleConnection, settings: ConsoleSettings = ConsoleSettings(),
      themes: ThemeLibrary = ThemeLibrary(), themeName: String = "dark", suspendable: Bool = true,
      memory: RememberedFile? = nil, isRestricted: Bool = false
    ) {
      self.connection = connection
      self.settings = settings
      self.themes = themes
      self.themeName = themeName
      self.suspendable = suspendable
      self.memory = memory
      self.isRestricted = isRestricted
    }

    /// The console as it begins, on a screen of this size.
    func state(size: Size, zoneOffset: Int) throws -> AppState {
      var state = AppState(
        size: size, host: connection.host, themeName: themeName, themeNames: themes.names, isUTC: settings.isUTC,
        zoneOffset: zoneOffset, isReadOnly: connection.isReadOnly, remembered: memory?.read() ?? .ofNobody)
      state.zoneName = SystemClock.zoneName
      state.followsZone = true
      state.commands = try settings.commands()
      state.language = settings.language ?? .ofEnvironment
      state.isMouseOn = settings.isMouseOn
      state.replies = settings.replies
      state.isRestricted = isRestricted
      return state
    }
  }

  private let options: Options
  private let screen: TerminalScreen
  private let mailbox: Mailbox
  private let source: DataSource
  private let live: LiveUpdates
  private let presence: Presence?
  private var state: AppState
  private var lastInput = SystemClock.now
  /// The order that colleagues were told of.
  private var shown: String?
  private var shownSerial = 0
  private var begun = SystemClock.now
  private var isStarting = true
  /// A session lasts no longer, whatever is done in it.
  private static let longest = Duration.seconds(12 * 3_600)

  /// Opens the terminal, shows the console until the person quits, and puts the terminal back.
  package static func run(_ options: Options) throws {
    let app = try ConsoleApp(options)
    app.loop()
  }

  private init(_ options: Options) throws {
    self.options = options
    var terminal = TerminalScreen.Options(theme: try options.themes.theme(named: options.themeName))
    terminal.suspendable = options.suspendable
    terminal.mouse = options.settings.isMouseOn
    screen = try TerminalScreen(terminal)
    // Without colours every ground that a theme has would be reverse video, a dialog as a whole and what is chosen in it
    // too. What stands out without colour was thought about once, in the theme that has none.
    if screen.colorDepth == .mono, let mono = try? options.themes.theme(named: "mono") { screen.theme = mono }
    let mailbox = Mailbox(waker: screen.waker)
    self.mailbox = mailbox
    let live = LiveUpdates { mailbox.post($0) }
    self.live = live
    let redisURL = options.settings.redisURL
    let presence = redisURL.map { _ in Presence { mailbox.post($0) } }
    self.presence = presence
    source = DataSource(options.connection, post: { mailbox.post($0) }) { viewer, connection in
      Task {
        let redis = await RedisEntry.open(redisURL, for: viewer, on: connection)
        live.start(redis: redis)
        await presence?.open(redis)
      }
    }
    state = try options.state(size: screen.size, zoneOffset: Self.zoneOffset())
  }

  private func loop() {
    draw()
    perform([.connect(password: nil)])
    while !state.quitting {
      if let first = screen.nextEvent(timeout: untilIdle) { take(first) }
      lockIfIdle()
      // What has piled up is taken in one go and drawn once.
      while !state.quitting, screen.hasPendingEvents, let next = screen.nextEvent(timeout: .zero) {
        take(next)
      }
      for event in mailbox.takeAll() { handle(event) }
      draw()
    }
    live.stop()
    leave()
    screen.shut()
    if let farewell = state.farewell { Self.say("gkm: \(farewell)") }
  }

  private func take(_ input: InputEvent) {
    if input.pressedKey != nil || input.isMouse { lastInput = SystemClock.now }
    handle(.input(input))
  }

  /// How long nobody may do anything before the console locks itself; never less than a second, so that it costs
  /// nothing to wait.
  private var untilIdle: Duration {
    let left = min(lastInput + .seconds(options.settings.idleLock * 60), begun + Self.longest) - SystemClock.now
    return max(left, .seconds(1))
  }

  private func lockIfIdle() {
    let now = SystemClock.now
    if now - begun >= Self.longest {
      begun = now
      handle(.idle("ended after 12 hours; sign in again"))
    } else if now - lastInput >= .seconds(options.settings.idleLock * 60) {
      lastInput = now
      let minutes = options.settings.idleLock
      handle(.idle("ended after \(minutes) minute\(minutes == 1 ? "" : "s") without a key"))
    }
  }

  private static func say(_ text: String) {
    let bytes = Array("\(text)\n".utf8)
    _ = write(STDERR_FILENO, bytes, bytes.count)
  }

  private func handle(_ event: Event) {
    if case .listLoaded = event { endStart() }
    perform(update(&state, event, now: SystemClock.now))
    tellPresence()
  }

  /// With the first rows on the screen the start is over: what only it ran through is given back, once it is quiet.
  /// Earlier would make the first rows come later: what the start shares with them would have to be fetched again.
  private func endStart() {
    guard isStarting else { return }
    isStarting = false
    Task.detached {
      try? await Task.sleep(for: .seconds(2))
      StartCode.giveBack()
    }
  }

  /// Colleagues hear which order is open here; a vendor has none.
  private func tellPresence() {
    guard let presence, let viewer = state.viewer, viewer.role.isStaff else { return }
    let order = state.isLocked ? nil : state.story?.number
    guard order != shown else { return }
    shown = order
    shownSerial += 1
    let serial = shownSerial
    Task { await presence.show(order, as: viewer.login, at: SystemClock.now, serial: serial) }
  }

  /// Waits a moment, so that nobody is said to be here who is not.
  private func leave() {
    guard let presence, shown != nil else { return }
    let farewell = Farewell()
    Task.detached {
      await presence.stop()
      farewell.isSaid.withLock { $0 = true }
    }
    for _ in 0..<60 where !farewell.isSaid.withLock({ $0 }) { usleep(5_000) }
  }

  private func draw() {
    guard !state.quitting else { return }
    let frame = render(state)
    screen.draw(frame.grid, cursor: frame.cursor)
  }

  private func perform(_ effects: [Effect]) {
    let (source, clock) = (source, state.clock)
    for effect in effects {
      switch effect {
      case .connect(let password): Task { await source.connect(password: password) }
      case .loadList(let query): Task { await source.load(query) }
      case .loadStory(let query): Task { await source.load(query) }
      case .loadBoard(let query): Task { await source.load(query) }
      case .find(let text, let generation, let clock):
        Task { await source.find(text, generation: generation, clock: clock) }
      case .findKey(let text, let generation, let clock):
        Task { await source.findKey(text, generation: generation, clock: clock) }
      case .countSecret(let serial): post(.secretCounted(serial: serial), after: .seconds(1))
      case .perform(let action, let values): Task { await source.perform(action, values: values, clock: clock) }
      case .preview(let action, let values): Task { await source.preview(action, values: values) }
      case .export(let request): Task { await source.export(request) }
      case .copy(let text): _ = screen.copy(text)
      case .setTheme(let name):
        if screen.colorDepth != .mono, let theme = try? options.themes.theme(named: name) { screen.theme = theme }
      case .setMouse(let isOn): screen.mouse = isOn
      case .remember(let remembered): options.memory?.write(remembered)
      case .endToast(let serial): post(.toastOver(serial: serial), after: .seconds(4))
      case .rest(let serial): post(.rested(serial: serial), after: .milliseconds(150))
      case .suspend: _ = screen.suspend()
      case .repaint: screen.repaint()
      case .disconnect:
        live.stop()
        Task { await source.close() }
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
  static func zoneOffset() -> Int {
    var seconds = time(nil)
    var local = tm()
    localtime_r(&seconds, &local)
    return local.tm_gmtoff
  }
}

/// Whether colleagues were told that one has gone.
private final class Farewell: Sendable {
  let isSaid = Mutex(false)
}
