import Glibc
import Store
import TestSupport
import Testing

/// Row: SIGKILL of the daemon at every numbered step. A plan in a debug build's environment kills the process exactly
/// there; another one takes its place, and everything that Stripe told of arrives.
enum Kills {
  /// The steps of `FaultPoint`, in their order.
  static let steps = ["received", "persisted", "claimed", "bound", "prepared", "taken", "sending", "sent", "recorded"]

  static func run(_ step: String, orders count: Int, settings: String = Rig.hasty) async throws {
    try await Rig.open(keys: count * 2, settings: settings) { rig in
      if step == "taken" { try await rig.sql(slowDeliveries) }
      let orders = try await rig.orders(count)
      let doomed = try await rig.start(fault: "\(step):2:kill")
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await rig.stripe.tell(orders, at: [doomed.webhook], lanes: 4) }
        group.addTask {
          #expect(try await doomed.process.ended(within: .seconds(60)) == .killed(signal: SIGKILL))
          let next = try await rig.start(port: doomed.port)
          try await rig.delivered(orders)
          // A deferred record of what was sent is written by now, too: nothing is under way when it stops.
          #expect(try await next.process.end() == .exited(0), "\(next.process.tail())")
        }
        try await group.waitForAll()
      }
      try await rig.account(orders)
    }
  }

  /// A limit on how many mails may be under way: then none goes out right after its commit, all come from the queue.
  private static let slowDeliveries = """
    BEGIN; SET LOCAL session_replication_role = replica;
    INSERT INTO gkm.job_kind (kind, concurrency) VALUES ('deliver', 50); COMMIT;
    """
}

@Suite("A daemon that is killed") struct KillTests {
  @Test("between the commit and the mail: what was acknowledged arrives, once")
  func betweenCommitAndMail() async throws { try await Kills.run("prepared", orders: 6) }
}

@Suite("A daemon that is killed at any step", .serialized) struct KillsLongTests {
  @Test(
    "everything that was acknowledged arrives, a second copy only where the first is in doubt", arguments: Kills.steps)
  func step(_ step: String) async throws { try await Kills.run(step, orders: 24) }

  @Test("with the lease that daemons have by default: still within 30 s")
  func inTime() async throws {
    try await Rig.open(keys: 20, settings: "") { rig in
      let orders = try await rig.orders(8)
      let doomed = try await rig.start(fault: "bound:1:kill")
      let start = ContinuousClock.now
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await rig.stripe.tell(orders, at: [doomed.webhook], lanes: 4) }
        group.addTask {
          #expect(try await doomed.process.ended(within: .seconds(60)) == .killed(signal: SIGKILL))
          let next = try await rig.start(port: doomed.port)
          try await rig.delivered(orders)
          #expect(ContinuousClock.now - start < .seconds(30))
          try await next.process.end()
        }
        try await group.waitForAll()
      }
      try await rig.account(orders)
    }
  }

  @Test(
    "with one worker frozen past its lease and woken again: what it still wants to write counts for nothing",
    arguments: ["claimed", "bound", "prepared", "sending", "sent"])
  func frozen(_ step: String) async throws {
    try await Rig.open(keys: 60) { rig in
      let orders = try await rig.orders(24)
      let intake = try await rig.start("intake")
      let sleeper = try await rig.start("workers", fault: "\(step):1:stop", isReady: false)
      try await rig.stripe.tell(orders, at: [intake.webhook])
      try await rig.eventually("the worker freezes", within: .seconds(30)) { sleeper.isStopped }
      let other = try await rig.start("workers", isReady: false)
      try await rig.delivered(orders)
      sleeper.process.signal(SIGCONT)
      // It goes on with what it held; nothing of it may be written.
      try await Task.sleep(for: .seconds(4))
      for daemon in [sleeper, other, intake] {
        #expect(try await daemon.process.end() == .exited(0), "\(daemon.process.tail())")
      }
      try await rig.account(orders)
    }
  }
}

extension KillsLongTests {
  @Test("woken while another one holds what it held: its word counts for nothing, the other's does")
  func wokenEarly() async throws {
    // The other one's mail is held up on its way, so that it still holds the delivery when the sleeper comes back.
    try await Rig.open(keys: 2, settings: "[workers]\nlease = \"2s\"\n[mail]\ntimeout = \"30s\"") { rig in
      let orders = try await rig.orders(1, units: [1])
      let intake = try await rig.start("intake")
      let sleeper = try await rig.start("workers", fault: "sent:1:stop", isReady: false)
      try await rig.stripe.tell(orders, at: [intake.webhook])
      try await rig.eventually("the worker freezes", within: .seconds(30)) { sleeper.isStopped }
      rig.toMail.set(.blackHole)
      let other = try await rig.start("workers", isReady: false)
      let taken = "SELECT count(*) FROM gkm.delivery_attempt WHERE number = 2 AND outcome = 'prepared'"
      try await rig.eventually("another one has it") { try await rig.number(taken) == 1 }
      sleeper.process.signal(SIGCONT)
      try await Task.sleep(for: .seconds(4))
      #expect(sleeper.process.tail().contains("another worker has it"), "\(sleeper.process.tail())")
      rig.toMail.set(.none)
      try await rig.delivered(orders)
      for daemon in [sleeper, other, intake] {
        #expect(try await daemon.process.end() == .exited(0), "\(daemon.process.tail())")
      }
      try await rig.account(orders)
    }
  }
}

extension Rig.Daemon {
  /// Whether a signal has frozen it.
  var isStopped: Bool {
    guard let line = try? TextFile.read("/proc/\(process.pid)/stat"), let end = line.lastIndex(of: ")") else {
      return false
    }
    return line[line.index(after: end)...].split(separator: " ").first == "T"
  }
}
