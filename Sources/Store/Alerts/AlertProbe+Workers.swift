import Market
import Postgres

// What each daemon sees from where it stands, as it says with its heartbeats.
extension AlertProbe {
  private struct Seen {
    let name: String
    let isThere: Bool
    let silent: Double
    let clockOffset: Double
    let redisDown: Double?
    let stripeFailures: Int
    let stripeFailing: Double?
    let refusals: Int
  }

  func workers(_ session: borrowing Session, _ rule: AlertRule, _ threshold: Double) throws -> [AlertObservation] {
    let seen: [Seen] = try session.rows(
      """
      SELECT host || ':' || pid, extract(epoch FROM \(at)::timestamptz - last_seen)::float8, clock_offset_ms,
        extract(epoch FROM \(at)::timestamptz - redis_down_since)::float8, stripe_failures,
        extract(epoch FROM \(at)::timestamptz - stripe_failing_since)::float8, signature_refusals
      FROM gkm.worker
      WHERE stopped_at IS NULL AND last_seen > \(at)::timestamptz - interval '1 day'
      ORDER BY last_seen DESC LIMIT \(Self.subjectLimit)
      """
    ) { row in
      let silent = try row.double(1)
      return Seen(
        name: try row.string(0), isThere: silent < Double(Worker.goneAfterSeconds), silent: silent,
        clockOffset: Double(try row.int64(2)) / 1_000, redisDown: try row.doubleOrNil(3),
        stripeFailures: try row.int(4), stripeFailing: try row.doubleOrNil(5), refusals: try row.int(6))
    }
    return seen.compactMap { rule == .daemons ? Self.gone($0) : $0.isThere ? Self.look($0, rule, threshold) : nil }
  }

  private static func gone(_ one: Seen) -> AlertObservation? {
    guard !one.isThere else { return nil }
    return AlertObservation(
      .daemons, one.name, .bad, value: one.silent, "last heard of \(spell(.seconds(one.silent))) ago")
  }

  private static func look(_ one: Seen, _ rule: AlertRule, _ threshold: Double) -> AlertObservation? {
    switch rule {
    case .clock:
      guard abs(one.clockOffset) > threshold else { return nil }
      let way = one.clockOffset > 0 ? "ahead of" : "behind"
      return AlertObservation(
        rule, one.name, .bad, value: abs(one.clockOffset),
        "its clock is \(spell(.seconds(abs(one.clockOffset)))) \(way) the database's")
    case .signatures:
      guard Double(one.refusals) >= threshold else { return nil }
      return AlertObservation(
        rule, one.name, .bad, value: Double(one.refusals),
        "\(one.refusals) rightly signed events of the last 5 min were too old or too new")
    case .redis:
      guard let down = one.redisDown else { return nil }
      return AlertObservation(rule, one.name, .bad, value: down, "for \(spell(.seconds(down)))")
    case .stripe:
      guard Double(one.stripeFailures) >= threshold else { return nil }
      return AlertObservation(
        rule, one.name, .bad, value: Double(one.stripeFailures),
        "\(one.stripeFailures) calls failed, for \(spell(.seconds(one.stripeFailing ?? 0)))")
    default: return nil
    }
  }
}
