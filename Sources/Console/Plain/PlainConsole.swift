import Glibc
import Market
import Store
import Terminal

/// The linear mode: the same console, said in lines. Commands are typed as words; nothing is drawn.
package enum PlainConsole {
  fileprivate enum Item: Sendable {
    case event(Event)
    case line(String)
    case ended
  }

  package static func run(_ options: ConsoleApp.Options) async throws {
    let (items, feed) = AsyncStream<Item>.makeStream()
    let live = LiveUpdates { feed.yield(.event($0)) }
    let redisURL = options.settings.redisURL
    let source = DataSource(options.connection, post: { feed.yield(.event($0)) }) { viewer, connection in
      Task { live.start(redis: await RedisEntry.open(redisURL, for: viewer, on: connection)) }
    }
    var state = try options.state(size: Size(rows: 24, columns: 80), zoneOffset: ConsoleApp.zoneOffset())
    var text = PlainText()
    var output = OutputWriter()
    var isReading = false
    await source.connect(password: nil)
    for await item in items {
      switch item {
      case .event(.passwordNeeded(let user, _)):
        await source.connect(password: try PasswordPrompt.ask("Password for \(user): "))
      case .event(let event):
        let effects = update(&state, event, now: SystemClock.now)
        await perform(effects, source, feed, clock: state.clock)
        if case .signedIn = event, !isReading {
          isReading = true
          readLines(feed)
        }
      case .line(let line):
        if line.isEmpty, state.overlay == nil { text.again() }
        if !line.isEmpty || state.overlay != nil {
          let effects = PlainInput.update(&state, line, now: SystemClock.now)
          await perform(effects, source, feed, clock: state.clock)
        }
      case .ended: state.quitting = true
      }
      for line in text.news(state) { try output.line(line) }
      try output.flush()
      if case .refused = state.connection { break }
      if state.quitting { break }
    }
    live.stop()
    await source.close()
    if case .refused(let problem) = state.connection { throw ConsoleFailure(problem, status: .noPermission) }
  }

  /// Lines of standard input, until it ends. On a thread of its own: reading waits for as long as the person thinks.
  private static func readLines(_ feed: AsyncStream<Item>.Continuation) {
    var thread = pthread_t()
    let context = Unmanaged.passRetained(LineReader(feed)).toOpaque()
    let failure = pthread_create(&thread, nil, { LineReader.run($0) }, context)
    guard failure == 0 else { return _ = feed.yield(.ended) }
    pthread_detach(thread)
  }

  /// What the reading thread is given: the feed, which may be used from anywhere.
  private final class LineReader: Sendable {
    private let feed: AsyncStream<Item>.Continuation

    init(_ feed: AsyncStream<Item>.Continuation) { self.feed = feed }

    static func run(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
      guard let context else { return nil }
      let reader = Unmanaged<LineReader>.fromOpaque(context).takeRetainedValue()
      while let line = readLine(strippingNewline: true) { reader.feed.yield(.line(line)) }
      reader.feed.yield(.ended)
      return nil
    }
  }

  private static func perform(
    _ effects: [Effect], _ source: DataSource, _ feed: AsyncStream<Item>.Continuation, clock: ClockFormat
  ) async {
    for effect in effects {
      switch effect {
      case .connect(let password): await source.connect(password: password)
      case .loadList(let query): await source.load(query)
      case .loadStory(let query): await source.load(query)
      case .loadBoard(let query): await source.load(query)
      case .find(let text, let generation, let clock):
        await source.find(text, generation: generation, clock: clock)
      case .findKey(let text, let generation, let clock):
        await source.findKey(text, generation: generation, clock: clock)
      case .preview(let action, let values): await source.preview(action, values: values)
      // Keys are sent and followed beside what is typed meanwhile.
      case .perform(let action, let values):
        if case .importStock = action {
          Task { await source.perform(action, values: values, clock: clock) }
        } else {
          await source.perform(action, values: values, clock: clock)
        }
      case .export(let request): await source.export(request)
      case .disconnect: await source.close()
      // What is seen, clicked or remembered of a screen has no place here.
      case .copy, .setTheme, .endToast, .countSecret, .rest, .remember, .setMouse, .suspend, .repaint, .quit: break
      }
    }
  }
}
