package import Market
package import Postgres

extension LocalMoment {
  /// The moment on the world's clock, and how it is said there.
  package struct Placed: Sendable, Equatable {
    /// `nil`: now.
    package let instant: Instant?
    /// `Mon 2026-11-30 00:00 Europe/Berlin`.
    package let text: String
  }

  /// The moment in a zone with a name, such as `Europe/Berlin`. The database's tables of zones are asked, which are kept
  /// up to date with the machine's. Where a clock is put forward over it, it is as much later; where one is put back,
  /// it is the second time.
  package func placed(_ session: borrowing Session, in zone: String) throws -> Placed {
    if self == .now { return Placed(instant: nil, text: "now") }
    // What PostgreSQL takes for a zone beside these is arithmetic, and turns the sign round.
    guard
      let name = try session.first(
        "SELECT name FROM pg_timezone_names WHERE lower(name) = \(zone.lowercased()) AND name !~ '^(posix|right)/'",
        { try $0.string(0) })
    else {
      throw ActionRefused(.badRequest, "there is no zone “\(zone)”: zones are such as Europe/Berlin or UTC")
    }
    let found = try session.first(
      """
      WITH there AS (SELECT now() AT TIME ZONE \(name) AS clock),
      said AS (SELECT \(sql: day) + make_interval(mins => \(Int32(minute))) AS clock FROM there)
      SELECT clock AT TIME ZONE \(name), to_char(clock AT TIME ZONE \(name) AT TIME ZONE \(name), 'Dy YYYY-MM-DD HH24:MI')
      FROM said
      """
    ) { (try $0.instant(0), try $0.string(1)) }
    guard let (instant, text) = found else { throw StoreError.badRow("no moment") }
    return Placed(instant: instant, text: "\(text) \(name)")
  }

  private var minute: Int {
    switch self {
    case .now: 0
    case .days(_, let minute), .weekday(_, let minute), .date(_, _, _, let minute): minute
    }
  }

  /// Midnight of the day, on the clocks there.
  private var day: SQL {
    switch self {
    case .now: "clock"
    case .days(let days, _): "date_trunc('day', clock) + make_interval(days => \(Int32(days)))"
    case .weekday(let weekday, _):
      """
      date_trunc('day', clock)
        + make_interval(days => (\(Int32(weekday)) - extract(isodow FROM clock)::integer + 6) % 7 + 1)
      """
    case .date(let year, let month, let day, _):
      "make_timestamp(\(Int32(year)), \(Int32(month)), \(Int32(day)), 0, 0, 0)"
    }
  }
}
