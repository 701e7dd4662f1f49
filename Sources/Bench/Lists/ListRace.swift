import Market
package import Postgres
import Store
import TestSupport

/// How long a person waits for lists, finds and timelines.
package struct ListRace: Sendable {
  /// What was asked for, and how long each answer took, in milliseconds, sorted.
  package struct Lap: Sendable {
    package var title: String
    package var rows: Int
    package var milliseconds: [Double]

    /// By nearest rank.
    func percentile(_ share: Double) -> Double {
      let rank = Int((share * Double(milliseconds.count)).rounded(.up))
      return milliseconds[min(max(rank, 1), milliseconds.count) - 1]
    }

    package var json: String {
      """
      {"title": "\(title.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))", "rows": \(rows), \
      "p50_ms": \(percentile(0.5)), "p99_ms": \(percentile(0.99)), "max_ms": \(percentile(1))}
      """
    }
  }

  private let rounds: Int

  package init(rounds: Int) { self.rounds = rounds }

  /// Asks everything that this person may, in turn, so many times.
  package func run(_ configuration: PostgresConfiguration) async throws -> [Lap] {
    let connection = try await PostgresConnection.connect(configuration)
    let viewer = try await connection.read { try Viewer.current($0) }
    let probes = try await connection.read { try ListProbes.all($0, viewer: viewer) }
    var laps: [Lap] = []
    for probe in probes {
      laps.append(try await lap(probe.title, connection) { try Self.read($0, viewer, probe) })
    }
    for (title, question) in try await connection.read({ try Self.questions($0, viewer) }) {
      laps.append(try await lap(title, connection) { try question($0) })
    }
    await connection.close()
    return laps
  }

  private func lap(
    _ title: String, _ connection: PostgresConnection, _ ask: @escaping @Sendable (borrowing Session) throws -> Int
  ) async throws -> Lap {
    var lap = Lap(title: title, rows: 0, milliseconds: [])
    // The first answer is not counted: it pays for the statement being prepared.
    for round in 0...rounds {
      let start = ContinuousClock.now
      lap.rows = try await connection.read { try ask($0) }
      let (seconds, attoseconds) = (ContinuousClock.now - start).components
      if round > 0 { lap.milliseconds.append(Double(seconds) * 1_000 + Double(attoseconds) / 1e15) }
    }
    lap.milliseconds.sort()
    return lap
  }

  private static func read(_ session: borrowing Session, _ viewer: Viewer, _ probe: ListProbe) throws -> Int {
    let filter = try probe.kind.schema(for: viewer.role).parse(
      probe.filter, now: Instant(unixSeconds: LoadClock.seconds))
    return try ListPage.readPart(
      session, viewer: viewer, kind: probe.kind, filter: filter, after: probe.after, limit: 100
    ).rows.count
  }

  private typealias Question = @Sendable (borrowing Session) throws -> Int

  /// Orders that are looked up by what is written on them, and read with all that happened.
  private static func questions(_ session: borrowing Session, _ viewer: Viewer) throws -> [(String, Question)] {
    let page = try ListPage.read(session, viewer: viewer, kind: .orders, filter: FilterExpression(), limit: 50)
    guard let order = page.rows(as: OrderRow.self).first(where: { $0.state == .delivered }) else { return [] }
    let number = order.number
    guard viewer.role != .vendor else {
      let timeline: Question = { try VendorList.timeline($0, viewer: viewer, order: number).count }
      return [("timeline", timeline)]
    }
    let words = [
      ("number", number), ("e-mail", order.customer), ("e-mail's beginning", String(order.customer.prefix(4)) + "@"),
      ("payment intent", order.paymentIntent ?? ""), ("session", order.checkoutSession ?? ""), ("card", "4242"),
      ("vendor", order.vendors.first ?? ""), ("nothing known", "qqzzq"),
      ("number's beginning", String(number.prefix(5))),
    ].filter { !$0.1.isEmpty }
    let finds = words.map { name, text -> (String, Question) in
      ("find by \(name)", { try Finder.find($0, text).count })
    }
    let timeline: Question = { try OrderStory.read($0, order: number)?.audit.count ?? 0 }
    return finds + [("timeline", timeline)]
  }
}

/// Our clock.
enum LoadClock {
  static var seconds: Int64 { Clock.realtime() / 1_000_000 }
}
