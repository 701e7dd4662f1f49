import Foundation
import Glibc
import Market
import Store
import Stripe
import Synchronization
import TestSupport
import Testing

/// Two minutes of ten times what the daemons can do, with a worker killed each ten seconds and Redis flushed twice.
@Suite("Sustained overload", .serialized) struct OverloadAloneLongTests {
  @Test("none is lost, the oldest goes first, and full speed is back within 30 s of the end")
  func sustained() async throws { try await Overload(length: .seconds(120)).run() }
}

struct Overload: Sendable {
  let length: Duration
  /// Orders by which capacity is measured.
  static let probe = 240
  /// Workers that do one thing at a time: the machine that they run on has to make ten times their load beside them.
  static let modest = "[workers]\nbatch = 1\nlanes = 1"
  /// How long what was taken may wait for its turn, whatever the workers get done.
  static let age = "6s"

  func run() async throws {
    try await Rig.open(keys: 0, settings: Self.modest) { rig in
      let team = Team([try await workers(rig), try await workers(rig)])
      let open = try await rig.start("intake")
      let capacity = try await Self.measure(rig, at: open.webhook)
      try await open.process.end()
      print("capacity: \(Int(capacity)) orders/s")
      try TextFile.write("\(Self.modest)\n[intake]\nbacklog_age = \"\(Self.age)\"\n", to: rig.settings)

      let seconds = Double(length.components.seconds)
      let count = Int(capacity * (seconds * 2 + 24)) + Self.probe
      let orders = try await Self.stocked(rig, count)
      let intake = try await rig.start("intake")
      let load = Load(rig, Array(orders.dropFirst(Self.probe)), at: intake.webhook, perSecond: capacity * 10)
      let began = ContinuousClock.now
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await load.run(for: length) }
        group.addTask { try await Self.trouble(rig, team, for: length) }
        try await group.waitForAll()
      }
      try await Self.look(rig, load, began, capacity: capacity, fresh: orders.prefix(Self.probe), at: intake.webhook)
      for daemon in await team.members + [intake] {
        #expect(try await daemon.process.end(patience: .seconds(30)) == .exited(0), "\(daemon.process.tail())")
      }
      let known = rig.stripe.acknowledged
      try await rig.account(orders.filter { known[StripeSide.event($0)] != nil })
    }
  }

  /// What must be so as soon as the load ends.
  private static func look(
    _ rig: Rig, _ load: Load, _ began: ContinuousClock.Instant, capacity: Double, fresh: ArraySlice<OpenedOrder>,
    at url: String
  ) async throws {
    let ended = ContinuousClock.now
    let taken = rig.stripe.acknowledged.count - probe
    let lasted = (ended - began) / .seconds(1)
    print("offered \(Int(Double(load.sent) / lasted))/s, taken \(taken), refused \(load.refused)")
    #expect(Double(load.sent) / lasted > capacity * 1.2, "the load itself was starved")
    #expect(load.refused[503, default: 0] > 0, "a bound was never reached")
    // Oldest first: what came in the first quarter does not wait for the end of all that came later.
    let early = try await rig.number(
      """
      SELECT count(*) FROM gkm.stripe_event e JOIN gkm.orders o ON o.id = e.order_id
      WHERE e.received_at < now() - make_interval(secs => \(lasted * 0.75)) AND o.state <> 'delivered'
      """)
    #expect(early == 0)
    try await rig.eventually("what waited is gone", within: .seconds(120)) {
      try await rig.number("SELECT count(*) FROM gkm.job WHERE kind IN ('apply', 'deliver')") == 0
    }
    print("drained \(Int((ContinuousClock.now - ended) / .seconds(1))) s after the end")
    let again = try await measure(rig, Array(fresh), at: url)
    let recovered = (ContinuousClock.now - ended) / .seconds(1)
    print("again \(Int(again)) orders/s, \(Int(recovered)) s after the end; slowest \(try await rig.slowest()) s")
    print("seconds from the event to the payment, and to each attempt:\n\(try await rig.slowStories())")
    #expect(again > capacity * 0.5, "\(Int(again)) of \(Int(capacity)) orders/s")
    #expect(recovered < 30, "full speed came \(Int(recovered)) s after the end")
  }

  /// A worker is killed each ten seconds, and another takes its place; Redis forgets everything twice.
  private static func trouble(_ rig: Rig, _ team: Team, for length: Duration) async throws {
    let seconds = Int(length.components.seconds)
    for moment in stride(from: 10, through: seconds, by: 10) {
      try await Task.sleep(for: .seconds(10))
      if moment == seconds / 3 / 10 * 10 || moment == seconds * 2 / 3 / 10 * 10 {
        try await rig.redis.command("FLUSHALL")
      }
      if moment < seconds { try await team.killOne { try await rig.start("workers", isReady: false) } }
    }
  }

  private func workers(_ rig: Rig) async throws -> Rig.Daemon { try await rig.start("workers", isReady: false) }

  private static func stocked(_ rig: Rig, _ count: Int) async throws -> [OpenedOrder] {
    let first = try await rig.number("SELECT count(*) FROM gkm.stock_unit")
    for next in stride(from: first, to: first + count, by: 2_000) {
      try await rig.bench.stock(next + 1...min(next + 2_000, first + count))
    }
    return try await rig.orders(count, units: [1])
  }

  /// Orders per second from the first that Stripe tells of to the last mail, as fast as they are taken.
  private static func measure(_ rig: Rig, _ given: [OpenedOrder] = [], at url: String) async throws -> Double {
    let orders = given.isEmpty ? try await stocked(rig, probe) : given
    let start = ContinuousClock.now
    try await rig.stripe.tell(orders, at: [url], lanes: 16)
    try await rig.delivered(orders)
    return Double(orders.count) / ((ContinuousClock.now - start) / .seconds(1))
  }
}

extension Rig {
  /// What became of the three orders that took longest.
  fileprivate func slowStories() async throws -> String {
    try await sql(
      """
      SELECT o.id, round(extract(epoch FROM o.paid_at - e.received_at), 1),
        (SELECT string_agg(t.outcome || ' ' || round(extract(epoch FROM t.started_at - e.received_at), 1), ', '
          ORDER BY t.number) FROM gkm.delivery_attempt t WHERE t.order_id = o.id)
      FROM gkm.orders o JOIN gkm.stripe_event e ON e.order_id = o.id
      ORDER BY o.delivered_at - e.received_at DESC NULLS LAST LIMIT 3
      """)
  }
}

/// The workers of a run, of which one after the other is killed.
private actor Team {
  private(set) var members: [Rig.Daemon]
  private var turn = 0

  init(_ members: [Rig.Daemon]) { self.members = members }

  func killOne(_ replacement: @Sendable () async throws -> Rig.Daemon) async throws {
    let place = turn % members.count
    turn += 1
    try await members[place].process.end(SIGKILL)
    members[place] = try await replacement()
  }
}

/// More than can be done: events at a steady rate, those that were refused again and again.
private final class Load: Sendable {
  private struct State {
    var waiting: [OpenedOrder]
    var sent = 0
    var refused: [Int: Int] = [:]
  }

  private let rig: Rig
  private let url: String
  private let perSecond: Double
  private let state: Mutex<State>
  /// A refusal takes the daemon a second, on purpose: so many may be under way for ten times its load.
  private static let lanes = 512

  init(_ rig: Rig, _ orders: [OpenedOrder], at url: String, perSecond: Double) {
    self.rig = rig
    self.url = url
    self.perSecond = perSecond
    // Taken from the end.
    state = Mutex(State(waiting: orders.reversed()))
  }

  var sent: Int { state.withLock { $0.sent } }
  var refused: [Int: Int] { state.withLock { $0.refused } }

  func run(for length: Duration) async {
    let start = ContinuousClock.now
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<Self.lanes { group.addTask { await self.lane(from: start, until: start + length) } }
    }
  }

  private func lane(from start: ContinuousClock.Instant, until end: ContinuousClock.Instant) async {
    while ContinuousClock.now < end {
      let (number, order) = state.withLock { state in
        state.sent += 1
        return (state.sent, state.waiting.popLast())
      }
      guard let order else { return }
      try? await Task.sleep(until: start + .seconds(1) * (Double(number) / perSecond))
      let status = await rig.stripe.once(order, at: url)
      if status == 200 { continue }
      state.withLock { state in
        state.refused[status, default: 0] += 1
        state.waiting.insert(order, at: 0)
      }
    }
  }
}
