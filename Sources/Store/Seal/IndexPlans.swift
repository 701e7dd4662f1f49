import Postgres

/// Holds statements to plans that follow indexes and stop where they have enough.
///
/// The log grows by far more than its statistics know, in front of its reader and behind it: how many events lie behind
/// a cursor the planner guesses at, and of a table that was empty when it looked it believes that for a while. A guess
/// of a few rows sorts the whole backlog for the next 8,192 of them, and one of many reads every leaf there is: each
/// step then costs what all of them together should. The way along the indexes costs the same however wrong the guess.
enum IndexPlans {
  private static let avoided = ["enable_seqscan", "enable_sort", "enable_hashjoin"]

  /// Holds what `body` asks to them, inside a transaction.
  static func only<T>(
    _ session: borrowing Session, _ body: (borrowing Session) throws -> T
  ) throws -> T {
    try session.script(avoided.map { "SET LOCAL \($0) = off" }.joined(separator: ";"))
    // After an error the transaction, and with it these settings, are over.
    let value = try body(session)
    try session.script(avoided.map { "SET LOCAL \($0) TO DEFAULT" }.joined(separator: ";"))
    return value
  }
}
