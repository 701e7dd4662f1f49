import Glibc
import Market
import Store
import TestSupport
import Testing

/// Rows: PostgreSQL killed, cut, restarted, slow, out of connections, out of space.
@Suite("When a commit is cut") struct CutCommitTests {
  @Test("the connection that carries it: it is done again, and counts once")
  func cut() async throws { try await PostgresRows.cutAtCommit(.cutAfter("COMMIT\0"), orders: 6, times: 3) }
}

enum PostgresRows {
  /// Whatever the answer to a COMMIT would have been, nobody hears it.
  static func cutAtCommit(_ fault: FaultProxy.Fault, orders count: Int, times: Int) async throws {
    try await Rig.open(keys: count * 2) { rig in
      let orders = try await rig.orders(count)
      let daemon = try await rig.start()
      rig.toPostgres.set(fault, times: times)
      try await rig.stripe.tell(orders, at: [daemon.webhook], lanes: 2)
      try await rig.nothingAcknowledgedIsLost()
      try await rig.delivered(orders)
      #expect(rig.toPostgres.hits == times)
      #expect(try await daemon.process.end() == .exited(0), "\(daemon.process.tail())")
      try await rig.account(orders)
    }
  }

  /// Stripe tells of orders while `trouble` happens; then all of them arrive.
  ///
  /// - Parameter perSecond: how fast Stripe tells of them, so that the trouble falls into the midst of it.
  static func during(
    orders count: Int, perSecond: Double, on server: PrivatePostgres, settings: String = Rig.hasty,
    _ trouble: @Sendable @escaping (Rig) async throws -> Void
  ) async throws {
    try await Rig.open(keys: count * 2, on: server, settings: settings) { rig in
      let orders = try await rig.orders(count)
      let daemons = [try await rig.start(), try await rig.start()]
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          try await rig.stripe.tell(
            orders, at: daemons.map(\.webhook), lanes: 16, perSecond: perSecond, within: .seconds(150))
        }
        group.addTask {
          try await rig.eventually("a few are acknowledged") { rig.stripe.acknowledged.count > count / 10 }
          try await trouble(rig)
        }
        try await group.waitForAll()
      }
      try await rig.nothingAcknowledgedIsLost()
      try await rig.delivered(orders, within: .seconds(120))
      for daemon in daemons { #expect(try await daemon.process.end() == .exited(0), "\(daemon.process.tail())") }
      try await rig.account(orders)
    }
  }
}

@Suite("When PostgreSQL fails", .serialized) struct PostgresRowsLongTests {
  @Test(
    "A connection is cut at COMMIT, before it, after it, or in the middle of intake's one statement",
    arguments: [
      FaultProxy.Fault.cutBefore("COMMIT\0"), .cutAfter("COMMIT\0"), .cutBefore("stripe_event"),
      .cutAfter("stripe_event"), .cutAfterBytes(3_000, .toClient), .stall("COMMIT\0"),
    ])
  func cut(_ fault: FaultProxy.Fault) async throws {
    try await PostgresRows.cutAtCommit(fault, orders: 30, times: 8)
  }

  @Test("SIGKILL under load, three times: nothing that was acknowledged is lost")
  func killed() async throws {
    let server = try await PrivatePostgres.start()
    try await PostgresRows.during(orders: 600, perSecond: 60, on: server) { rig in
      for _ in 0..<3 {
        try server.kill()
        try await server.start()
        try await rig.nothingAcknowledgedIsLost()
        let known = rig.stripe.acknowledged.count
        try await rig.eventually("work goes on", within: .seconds(60)) {
          rig.stripe.acknowledged.count > min(known + 20, 599)
        }
      }
    }
    try await server.stop()
  }

  @Test("SIGKILL the moment after it was acknowledged, while nobody else writes: it is on the disk")
  func acknowledgedIsOnDisk() async throws {
    let server = try await PrivatePostgres.start()
    try await Rig.open(keys: 200, on: server) { rig in
      let orders = try await rig.orders(100)
      // Without workers, whose own commits would take it to the disk.
      let intake = try await rig.start("intake")
      for first in stride(from: 0, to: orders.count, by: 20) {
        try await rig.stripe.tell(Array(orders[first..<first + 20]), at: [intake.webhook])
        try server.kill()
        try await server.start()
        try await rig.nothingAcknowledgedIsLost()
      }
      let workers = try await rig.start("workers", isReady: false)
      try await rig.delivered(orders)
      for daemon in [workers, intake] {
        #expect(try await daemon.process.end() == .exited(0), "\(daemon.process.tail())")
      }
      try await rig.account(orders)
    }
    try await server.stop()
  }

  @Test("It is restarted in order, and Stripe is told to come again meanwhile")
  func restarted() async throws {
    let server = try await PrivatePostgres.start()
    try await PostgresRows.during(orders: 200, perSecond: 40, on: server) { rig in
      try await server.stop()
      try await rig.eventually("Stripe hears 503") { rig.stripe.refused[503, default: 0] > 0 }
      try await server.start()
    }
    try await server.stop()
  }

  @Test("Each of its answers comes 150 ms late")
  func slow() async throws {
    let server = try await DurablePostgres.shared.server()
    try await PostgresRows.during(orders: 100, perSecond: 10, on: server) { rig in
      rig.toPostgres.set(.delay(.milliseconds(150), .toClient))
      try await Task.sleep(for: .seconds(10))
      rig.toPostgres.set(.none)
    }
  }

  @Test("It has no connection left, for ten seconds")
  func outOfConnections() async throws {
    let server = try await PrivatePostgres.start()
    try await PostgresRows.during(orders: 150, perSecond: 15, on: server) { rig in
      try await rig.sql("ALTER ROLE gkm_daemon CONNECTION LIMIT 0")
      try await rig.sql("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'gkm_daemon'")
      try await Task.sleep(for: .seconds(10))
      #expect(rig.stripe.refused[503, default: 0] > 0)
      try await rig.sql("ALTER ROLE gkm_daemon CONNECTION LIMIT -1")
    }
    try await server.stop()
  }

  @Test(
    "Its packets are lost, sliced to single bytes, or its side is gone without a word",
    arguments: [
      FaultProxy.Fault.blackHole, .slice, .halfOpen,
    ])
  func network(_ fault: FaultProxy.Fault) async throws {
    let server = try await DurablePostgres.shared.server()
    try await PostgresRows.during(
      orders: 120, perSecond: 20, on: server, settings: Rig.hasty + "\n[database]\nstatement_timeout = \"2s\"\n"
    ) { rig in
      rig.toPostgres.set(fault, lasting: true)
      try await Task.sleep(for: .seconds(6))
      rig.toPostgres.set(.none)
    }
  }

  @Test("Its disk is full, for a while", .enabled(if: SmallDisk.isPossible, "no tmpfs can be mounted here"))
  func diskFull() async throws {
    let server = try await PrivatePostgres.start()
    try await SmallDisk.with(megabytes: 96) { disk in
      try await PostgresRows.during(orders: 200, perSecond: 20, on: server) { rig in
        try await disk.take(rig)
        try await rig.eventually("Stripe hears 503") { rig.stripe.refused[503, default: 0] > 3 }
        try await Task.sleep(for: .seconds(5))
        try await rig.nothingAcknowledgedIsLost()
        disk.free()
      }
    }
    try await server.stop()
  }
}
