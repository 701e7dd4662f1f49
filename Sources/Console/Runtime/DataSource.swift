import Market
import Postgres
import Store

/// The console's one connection to the database, as the person who signed in: reads what screens ask for, carries out
/// actions, and connects again, for ever, when the connection is lost. Everything it finds out is posted as an event.
actor DataSource {
  private let target: ConsoleConnection
  private let post: @Sendable (Event) -> Void
  private let onSignedIn: @Sendable (Viewer, PostgresConnection) -> Void
  private var password: String?
  private var connection: PostgresConnection?
  private var viewer: Viewer?
  /// What the shown screen asks, and what is looked for over it: neither gives up the other.
  private var reading: Task<Void, Never>?
  private var finding: Task<Void, Never>?
  private var connecting: Task<Void, Never>?

  init(
    _ target: ConsoleConnection, post: @escaping @Sendable (Event) -> Void,
    onSignedIn: @escaping @Sendable (Viewer, PostgresConnection) -> Void
  ) {
    self.target = target
    self.post = post
    self.onSignedIn = onSignedIn
  }

  /// Connects, and goes on trying with growing pauses while the server is away.
  func connect(password: String?) {
    if let password { self.password = password }
    guard connecting == nil else { return }
    connecting = Task { [weak self] in await self?.keepConnecting() }
  }

  private func keepConnecting() async {
    var attempt = 1
    while !Task.isCancelled {
      let problem = await tryToConnect()
      guard let problem, await mayTryAgain(after: problem, attempt) else { break }
      attempt += 1
    }
    connecting = nil
  }

  /// One try; answers why it did not succeed.
  private func tryToConnect() async -> (any Error)? {
    do {
      let fresh = try await PostgresConnection.connect(target.configuration(password: password))
      return await signIn(on: fresh)
    } catch {
      return error
    }
  }

  private func signIn(on fresh: PostgresConnection) async -> (any Error)? {
    do {
      let viewer = try await fresh.read { try Viewer.current($0) }
      connection = fresh
      self.viewer = viewer
      onSignedIn(viewer, fresh)
      post(.signedIn(viewer))
      return nil
    } catch {
      await fresh.close()
      return error
    }
  }

  private func mayTryAgain(after error: any Error, _ attempt: Int) async -> Bool {
    guard let error = error as? PostgresError else {
      post(.connectionRefused(String(describing: error)))
      return false
    }
    if error.needsPassword || error.sqlState == "28P01" {
      let user = (try? target.configuration().target().user) ?? ""
      post(.passwordNeeded(user: user, problem: password == nil ? nil : "That password is not right"))
      password = nil
      return false
    }
    guard error.isConnectionLost || error.isRetryable || error.kind == .timeout else {
      post(.connectionRefused(error.message))
      return false
    }
    // A login that the server refuses (it was disabled, may not connect) is not helped by trying again.
    if let state = error.sqlState, state.hasPrefix("28") || state == "42501" || state == "3D000" {
      post(.connectionRefused(error.message))
      return false
    }
    post(.connectionLost(error.sessionsSentence ?? error.message, attempt: attempt))
    let pause = min(10_000, 250 << min(attempt, 6))
    try? await Task.sleep(for: .milliseconds(Int.random(in: pause / 2...pause)))
    return !Task.isCancelled
  }

  /// Reads a page of a list; the one being read before is given up.
  func load(_ query: ListQuery) {
    read(generation: query.generation) { session, viewer in
      let page = try ListPage.read(
        session, viewer: viewer, kind: query.kind, filter: query.filter, after: query.after, limit: query.limit)
      let rows = query.kind.screen.display(page, role: viewer.role, clock: query.clock)
      return .listLoaded(generation: query.generation, rows: rows, isFirstPage: query.after == nil)
    }
  }

  /// Reads a story; the read before is given up.
  func load(_ query: StoryQuery) {
    read(generation: query.generation) { session, viewer in
      let reading =
        switch query.subject {
        case .order(let number): try OrderReading.read(session, viewer, number, clock: query.clock)
        case .vendor(let handle): try VendorReading.read(session, viewer, handle, clock: query.clock)
        case .stockImport(let id): try ImportReading.read(session, viewer, StockImportID(id), clock: query.clock)
        case .supportCase(let id):
          CaseTimeline.reading(try CaseStory.read(session, viewer: viewer, CaseID(id)), viewer.role, clock: query.clock)
        }
      guard let reading else {
        return .loadFailed(generation: query.generation, "There is no \(query.subject.title)")
      }
      return .storyLoaded(generation: query.generation, reading)
    }
  }

  private func read(
    generation: Int, _ body: @escaping @Sendable (borrowing Session, Viewer) throws -> Event
  ) {
    reading?.cancel()
    reading = asking(generation, body)
  }

  private func asking(
    _ generation: Int, _ body: @escaping @Sendable (borrowing Session, Viewer) throws -> Event
  ) -> Task<Void, Never>? {
    guard let connection, let viewer else { return nil }
    return Task { [weak self] in
      do {
        let event = try await connection.read(timeout: .seconds(20)) { try body($0, viewer) }
        await self?.deliver(event)
      } catch {
        await self?.failed(error, generation: generation, on: connection)
      }
    }
  }

  private func deliver(_ event: Event) { post(event) }

  private func failed(_ error: any Error, generation: Int, on broken: PostgresConnection) async {
    if error is CancellationError || (error as? PostgresError)?.kind == .cancelled { return }
    if await gaveUp(broken, after: error) { return }
    post(.loadFailed(generation: generation, Self.sentence(error)))
  }

  /// Whether the connection is gone; connecting anew has then begun.
  private func gaveUp(_ broken: PostgresConnection, after error: any Error) async -> Bool {
    guard let error = error as? PostgresError, error.isConnectionLost || error.kind == .closed || !broken.isUsable
    else { return false }
    if connection === broken { connection = nil }
    await broken.close()
    post(.connectionLost(error.message, attempt: 0))
    connect(password: nil)
    return true
  }

  /// Reads a board's figures; the read before is given up.
  func load(_ query: BoardQuery) {
    read(generation: query.generation) { session, _ in
      let lines =
        switch query.kind {
        case .pulse:
          PulseBoard.lines(try Pulse.read(session), alerts: try FiringAlert.read(session))
        case .work:
          WorkBoard.lines(
            try WorkOverview.read(session), dead: try DeadLetterSummary.read(session), clock: query.clock)
        }
      return .boardLoaded(generation: query.generation, lines: lines)
    }
  }

  /// Looks for orders by anything written on them; what was looked for before is given up.
  func find(_ text: String, generation: Int, clock: ClockFormat) {
    finding?.cancel()
    finding = asking(generation) { session, viewer in
      let hits = try OrderLookup.find(session, viewer: viewer, text, limit: FindState.limit)
      let found = hits.compactMap { hit in
        OrdersScreen.display(ListPage(.orders, [hit.order]), role: viewer.role, clock: clock).first.map {
          FoundOrder(by: hit.by, row: $0)
        }
      }
      return .found(generation: generation, found)
    }
  }

  /// Looks for orders by a key, which goes to the daemon sealed.
  func findKey(_ text: String, generation: Int, clock: ClockFormat) async {
    guard let connection, let viewer else { return }
    do {
      let key = try await KnownMarkets.ofPerson.key(of: target, on: connection)
      let found = try await KeyAsking(key, on: connection).find(text, login: viewer.login)
      let orders = try await RevealReport.orders(found.orders, on: connection)
      let rows = OrdersScreen.display(ListPage(.orders, orders), role: viewer.role, clock: clock)
      if rows.isEmpty, let unit = found.unit { post(.said("No order ever had key \(unit)", isProblem: false)) }
      post(.found(generation: generation, rows.map { FoundOrder(by: "key", row: $0) }))
    } catch {
      if await gaveUp(connection, after: error) { return }
      post(.found(generation: generation, []))
      post(.said(Self.sentence(error), isProblem: true))
    }
  }

  /// Carries out an action, for the person, in the database.
  func perform(_ action: ActionRequest, values: [String: String], clock: ClockFormat) async {
    guard let connection else { return post(.actionRefused("Not connected")) }
    do {
      let runner = ActionRunner(values: values, connection: connection, market: target)
      if case .revealKey(let row, _) = action {
        let (key, place) = try await runner.reveal(row)
        return post(.revealed(key, of: row, place: place, reason: values["reason"] ?? ""))
      }
      if case .importStock(let row) = action { return try await runner.importStock(row, post: post) }
      if let (said, note) = try await runner.runOnPeople(action, clock: clock) {
        try await lookAtOneself(after: action, values, on: connection)
        return post(note.map { Event.actionTold(said, $0) } ?? .actionDone(said))
      }
      post(.actionDone(try await runner.run(action)))
    } catch {
      let isLost = await gaveUp(connection, after: error)
      if case .importStock = action {
        // What was sent of it stays, and can be gone on with.
        let text = isLost ? "The connection was lost: gkm stock import --resume goes on" : Self.sentence(error)
        return post(.uploadOver(text, isProblem: true))
      }
      post(
        .actionRefused(
          isLost ? "The connection was lost: look at the audit log before trying again" : Self.sentence(error)))
    }
  }

  /// Whoever did something about their own login goes on as what they are now.
  private func lookAtOneself(
    after action: ActionRequest, _ values: [String: String], on connection: PostgresConnection
  ) async throws {
    switch action {
    case .setOwnPassword:
      // The one that was typed to sign in opens nothing any more: a lost connection asks for the new one.
      password = nil
    case .breakGlass: break
    case .endGlass(let row), .turnPerson(let row):
      guard row.name == viewer?.login else { return }
    default: return
    }
    let fresh = try await connection.read { try Viewer.current($0) }
    guard fresh != viewer else { return }
    viewer = fresh
    post(.signedIn(fresh))
  }

  /// Works out what an action would come to.
  func preview(_ action: ActionRequest, values: [String: String]) async {
    guard let connection else { return post(.actionRefused("Not connected")) }
    do {
      let preview = try await ActionRunner(values: values, connection: connection, market: target)
        .preview(action)
      post(.previewed(preview.lines, typed: preview.typed))
    } catch {
      if await gaveUp(connection, after: error) { return post(.actionRefused("The connection was lost")) }
      post(.actionRefused(Self.sentence(error)))
    }
  }

  /// Writes a list into a file of the folder that the program was started in.
  func export(_ request: ExportRequest) async {
    guard let connection else { return post(.said("Not connected", isProblem: true)) }
    do {
      post(.said(try await ListFile.write(request, on: connection), isProblem: false))
    } catch {
      if await gaveUp(connection, after: error) { return }
      post(.said(Self.sentence(error), isProblem: true))
    }
  }

  /// Lets the database go, and the password that was typed.
  func close() async {
    reading?.cancel()
    finding?.cancel()
    connecting?.cancel()
    connecting = nil
    password = nil
    await connection?.close()
    connection = nil
  }

  static func sentence(_ error: any Error) -> String {
    if let failure = error as? ConsoleFailure { return failure.lines.first ?? "" }
    return (error as? PostgresError).map { $0.sessionsSentence ?? $0.message } ?? String(describing: error)
  }
}
