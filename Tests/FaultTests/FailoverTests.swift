import Glibc
import Market
import TestSupport
import Testing

/// Row: failover to a synchronous standby under load.
@Suite("A failover", .serialized) struct FailoverLongTests {
  @Test("to a synchronous standby under load: daemons find it by themselves, and nothing acknowledged is lost")
  func synchronous() async throws {
    let primary = try await PrivatePostgres.start()
    try await Rig.open(keys: 600, on: primary) { rig in
      let orders = try await rig.orders(300)
      let standby = try await PrivatePostgres.standby(of: primary)
      try await primary.sql("ALTER SYSTEM SET synchronous_standby_names = 'standby';")
      try await primary.sql("SELECT pg_reload_conf();")
      try await rig.eventually("the standby is synchronous") {
        try await primary.sql("SELECT sync_state FROM pg_stat_replication;") == "sync"
      }
      let database = rig.bench.market.database
      // The standby stands first: it answers, and is none to write to until it is the primary.
      let hosts = "host=127.0.0.1,127.0.0.1 port=\(standby.port),\(primary.port) target_session_attrs=read-write"
      let conninfo =
        "\(hosts) user=gkm_daemon dbname=\(database.name) password=\(MarketDatabase.programPassword)"
      let daemons = [
        try await rig.start(with: ["GKM_DATABASE_URL": conninfo]),
        try await rig.start(with: ["GKM_DATABASE_URL": conninfo]),
      ]
      let after = rig.moved(to: standby)
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          try await rig.stripe.tell(orders, at: daemons.map(\.webhook), lanes: 16, perSecond: 40)
        }
        group.addTask {
          try await rig.eventually("a hundred are acknowledged") { rig.stripe.acknowledged.count > 100 }
          try primary.kill()
          try await standby.promote()
          try await after.nothingAcknowledgedIsLost()
        }
        try await group.waitForAll()
      }
      try await after.delivered(orders)
      for daemon in daemons { #expect(try await daemon.process.end() == .exited(0), "\(daemon.process.tail())") }
      try await after.account(orders)
      try await standby.stop()
    }
  }
}
