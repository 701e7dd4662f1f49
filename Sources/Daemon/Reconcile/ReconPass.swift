import CoreMetrics
import Logging
import Market
import Postgres
import Store
import Stripe
import Synchronization

/// Carries one run from where it stands to its end, page by page. Each page is written in one transaction with how far
/// the run came, so that a process may die at any line: the next one goes on behind the last page that was written.
struct ReconPass: Sendable {
  let desk: ReconDesk
  let run: ReconRun
  private let seen = Seen()

  init(_ run: ReconRun, at desk: ReconDesk) {
    self.run = run
    self.desk = desk
  }

  /// What a dry run has met, which writes nothing down.
  private final class Seen: Sendable {
    let ids = Mutex<Set<String>>([])
  }

  /// Where a run stands once a page is written.
  struct Step: Sendable {
    let stage: ReconStage
    let cursor: String?

    func progress(
      lookedAt: Int, newestSeen: Instant? = nil, missed: Int = 0, rechecks: Int = 0, breaks: Int = 0
    ) -> ReconProgress {
      ReconProgress(
        stage, cursor: cursor, newestSeen: newestSeen, lookedAt: lookedAt, missed: missed, rechecks: rechecks,
        breaks: breaks)
    }
  }

  func carry() async throws {
    var cursor = run.cursor
    var stage: ReconStage? = run.stage
    while let current = stage {
      try await work(current, from: cursor)
      stage = current.next
      cursor = nil
    }
    guard !run.isDry else { return }
    let overlap = desk.settings.plan(run.kind).overlap
    try await desk.pool.write { [run] in try ReconRuns.finish($0, run, overlap: overlap) }
  }

  private func work(_ stage: ReconStage, from cursor: String?) async throws {
    let stripe = desk.stripe
    let created = StripeTimeRange(from: run.from.unixSeconds, to: run.until?.unixSeconds)
    switch stage {
    case .events:
      try await pages(stripe.events(types: StripeEvent.handledTypes, created: created), stage, cursor, takeEvents)
    case .sessions:
      try await pages(stripe.checkoutSessions(created: created), stage, cursor) {
        try await takeObjects(readable($0) { (session) throws(UnreadableEvent) in try ReconObject(session) }, $1)
      }
    case .intents:
      try await pages(stripe.paymentIntents(created: created), stage, cursor) {
        try await takeObjects(readable($0) { (intent) throws(UnreadableEvent) in try ReconObject(intent) }, $1)
      }
    case .charges:
      try await pages(stripe.charges(created: created), stage, cursor) {
        try await takeObjects(readable($0) { (charge) throws(UnreadableEvent) in try ReconObject(charge) }, $1)
      }
    case .refunds:
      try await pages(stripe.refunds(created: created), stage, cursor) {
        try await takeObjects(readable($0) { (refund) throws(UnreadableEvent) in try ReconObject(refund) }, $1)
      }
    case .disputes:
      try await pages(stripe.disputes(created: created), stage, cursor) {
        try await takeObjects(readable($0) { (dispute) throws(UnreadableEvent) in try ReconObject(dispute) }, $1)
      }
    case .lines:
      try await pages(stripe.balanceTransactions(created: created), stage, cursor) {
        let lines = readable($0) { (movement) throws(UnreadableEvent) in try BalanceLine(movement) }
        try await takeLines(lines, isNew: true, $1)
      }
    case .ours: try await takeOurs(stage, cursor) { try ReconOurs.unseen($0, $1, after: $2) }
    case .waiting:
      try await takeOurs(stage, cursor) { session, _, cursor in
        try ReconOurs.waiting(session, after: cursor)
      }
    case .requests: try await takeUnanswered(stage)
    case .unsettled: try await takeUnsettled(stage, cursor)
    case .unlisted: try await takeUnlisted(stage, cursor)
    }
  }

  /// Reads a list of Stripe's from a cursor on.
  private func pages<Element: Sendable>(
    _ list: StripeList<Element>, _ stage: ReconStage, _ start: String?,
    _ take: ([Element], Step) async throws -> Void
  ) async throws {
    var cursor = start
    while true {
      try Task.checkCancellation()
      let page: StripePage<Element>
      do throws(StripeError) {
        page = try await list.page(after: cursor)
      } catch {
        // What the cursor stood on is gone, after 30 days at the latest: the stage begins anew.
        guard error.isMissing, cursor != nil else { throw error }
        cursor = nil
        continue
      }
      try await take(page.elements, step(stage, page.next))
      desk.telemetry.looked(run.kind, at: page.elements.count)
      guard let next = page.next else { return }
      cursor = next
      try await Task.sleep(for: .seconds(1) / desk.settings.requestsPerSecond)
    }
  }

  private func step(_ stage: ReconStage, _ next: String?) -> Step {
    Step(stage: next == nil ? stage.next ?? stage : stage, cursor: next)
  }

  /// What can be read of a page; an object of which nothing can be made is told, and holds up nothing.
  private func readable<Stated, Read>(
    _ elements: [Stated], _ read: (Stated) throws(UnreadableEvent) -> Read
  ) -> [Read] {
    elements.compactMap { element in
      do throws(UnreadableEvent) { return try read(element) } catch {
        desk.logger.warning("an object of Stripe's cannot be read", metadata: ["reason": "\(error.reason)"])
        return nil
      }
    }
  }
}

extension ReconPass {
  /// Events that never came take the way that the others took: the same table, the same uniqueness, the same work.
  private func takeEvents(_ events: [ListedEvent], _ step: Step) async throws {
    let now = desk.now()
    let settled = events.filter { event in
      let age = now - Instant(unixSeconds: event.envelope.created)
      // One from the future says that a clock is wrong: it is not waited for.
      return age < .zero || age >= desk.settings.eventsLateness
    }
    let ids = settled.map(\.envelope.id)
    let (lacking, livemode) = try await desk.pool.read { session in
      (try ReconEvents.lacking(session, ids), try Installation.read(session).livemode)
    }
    var missed: [String: ReceivedEvent] = [:]
    for event in settled where lacking.contains(event.envelope.id) {
      var received = EventJudge.judge(body: event.body, signature: "", livemode: livemode)
      received.arrival = .listed
      missed[received.id] = received
      desk.tell(.event(id: received.id, type: received.type, created: received.stripeCreated))
    }
    guard !run.isDry else { return }
    let given = missed.values.sorted { $0.id < $1.id }
    let newest = settled.map(\.envelope.created).filter { (1...253_402_300_799).contains($0) }.max()
    let fresh = try await desk.pool.write { [run] session in
      let fresh = given.isEmpty ? [] : try EventIntake.recordWithAudit(session, given)
      try ReconRuns.advance(
        session, run,
        step.progress(
          lookedAt: events.count, newestSeen: newest.map { Instant(unixSeconds: $0) }, missed: fresh.count))
      return fresh
    }
    guard !fresh.isEmpty else { return }
    desk.telemetry.missedEvents.increment(by: fresh.count)
    desk.logger.notice("events that never came were fetched", metadata: ["events": "\(fresh.count)"])
    desk.wake(.apply)
  }

  private func takeObjects(_ objects: [ReconObject], _ step: Step) async throws {
    guard !run.isDry else {
      let findings = try await desk.pool.read { try ReconObjects.compare($0, objects) }
      findings.flatMap(\.differences).forEach { desk.tell(.difference($0)) }
      seen.ids.withLock { $0.formUnion(objects.map(\.stated.id)) }
      return
    }
    let (differences, settled, asked) = try await desk.pool.write { [run] session in
      let findings = try ReconObjects.compare(session, objects)
      let differences = findings.flatMap(\.differences)
      let settled = try ReconBreaks.settle(
        session, objects.map { ReconBreaks.Scope($0.stated) }, differences, run: run.id)
      let asked = try ReconObjects.askFor(session, differences.filter(\.heals).map(\.subject))
      try ReconObjects.note(session, objects, in: run)
      try ReconRuns.advance(
        session, run, step.progress(lookedAt: objects.count, rechecks: asked, breaks: settled.found))
      return (differences, settled, asked)
    }
    report(differences, settled, asked: asked)
  }

  private func takeLines(_ lines: [BalanceLine], isNew: Bool, _ step: Step) async throws {
    guard !run.isDry else {
      let differences = try await desk.pool.read { try ReconBalance.compare($0, lines) }
      differences.forEach { desk.tell(.difference($0)) }
      seen.ids.withLock { $0.formUnion(lines.compactMap(\.source)) }
      return
    }
    let (differences, settled, asked) = try await desk.pool.write { [run] session in
      if isNew { _ = try ReconBalance.record(session, lines) }
      let differences = try ReconBalance.compare(session, lines)
      let settled = try ReconBreaks.settle(session, ReconBalance.scopes(lines), differences, run: run.id)
      let names = Set(differences.map(\.subject))
      let sources = lines.filter { names.contains($0.id) && $0.sourceKind != nil }.compactMap(\.source)
      let asked = try ReconObjects.askFor(session, sources.filter { StatedObject.Kind(id: $0) != nil })
      try ReconRuns.advance(
        session, run, step.progress(lookedAt: lines.count, rechecks: asked, breaks: settled.found))
      return (differences, settled, asked)
    }
    report(differences, settled, asked: asked)
  }

  /// Asks for what of ours Stripe's lists did not answer, object by object.
  private func takeOurs(
    _ stage: ReconStage, _ start: String?,
    _ find: @escaping @Sendable (borrowing Session, ReconRun, String?) throws -> [String]
  ) async throws {
    var cursor = start
    while true {
      try Task.checkCancellation()
      let after = cursor
      let ids = try await desk.pool.read { [run] in try find($0, run, after) }
      let next = ids.count == ReconOurs.pageSize ? ids.last : nil
      if run.isDry {
        let known = seen.ids.withLock { $0 }
        ids.filter { !known.contains($0) }.forEach { desk.tell(.recheck($0)) }
      } else {
        let step = step(stage, next)
        let asked = try await desk.pool.write { [run] session in
          let asked = try ReconObjects.askFor(session, ids)
          try ReconRuns.advance(session, run, step.progress(lookedAt: 0, rechecks: asked))
          return asked
        }
        if asked > 0 { desk.wake(.recheck) }
      }
      guard let next else { return }
      cursor = next
    }
  }

  private func takeUnanswered(_ stage: ReconStage) async throws {
    let lateness = desk.settings.lateness
    guard !run.isDry else {
      let found = try await desk.pool.read { try ReconOurs.unanswered($0, lateness: lateness).differences }
      found.forEach { desk.tell(.difference($0)) }
      return
    }
    let step = step(stage, nil)
    let (differences, settled) = try await desk.pool.write { [run] session in
      let (scopes, differences) = try ReconOurs.unanswered(session, lateness: lateness)
      let settled = try ReconBreaks.settle(session, scopes, differences, run: run.id)
      try ReconRuns.advance(session, run, step.progress(lookedAt: differences.count, breaks: settled.found))
      return (differences, settled)
    }
    report(differences, settled, asked: 0)
  }

  private func takeUnsettled(_ stage: ReconStage, _ start: String?) async throws {
    var cursor = start
    while true {
      try Task.checkCancellation()
      let after = cursor
      let lines = try await desk.pool.read { try ReconBalance.unsettled($0, after: after) }
      let next = lines.count == ReconOurs.pageSize ? lines.last?.id : nil
      try await takeLines(lines, isNew: false, step(stage, next))
      guard let next else { return }
      cursor = next
    }
  }

  private func takeUnlisted(_ stage: ReconStage, _ start: String?) async throws {
    var cursor = start
    while true {
      try Task.checkCancellation()
      let after = cursor
      let differences = try await desk.pool.read { [run] in try ReconBalance.unlisted($0, run, after: after) }
      let next = differences.count == ReconOurs.pageSize ? differences.last?.subject : nil
      if run.isDry {
        let known = seen.ids.withLock { $0 }
        differences.filter { !known.contains($0.subject) }.forEach { desk.tell(.difference($0)) }
      } else {
        let step = step(stage, next)
        let settled = try await desk.pool.write { [run] session in
          let settled = try ReconBreaks.settle(session, [], differences, run: run.id)
          try ReconRuns.advance(session, run, step.progress(lookedAt: 0, breaks: settled.found))
          return settled
        }
        report(differences, settled, asked: 0)
      }
      guard let next else { return }
      cursor = next
    }
  }

  private func report(_ differences: [Difference], _ settled: ReconBreaks.Result, asked: Int) {
    differences.forEach { desk.tell(.difference($0)) }
    desk.telemetry.found(differences)
    desk.telemetry.healed.increment(by: settled.healed)
    if asked > 0 { desk.wake(.recheck) }
    guard settled.found > 0 else { return }
    desk.logger.warning(
      "Stripe and we differ",
      metadata: ["run": "\(run.id)", "kind": "\(run.kind.rawValue)", "breaks": "\(settled.found)"])
  }
}

extension ReconBreaks.Result {
  /// Breaks that were not there before, or are there again.
  var found: Int { opened + reopened }
}
