package import Market
package import Postgres

/// Looks whether the market keeps its promises: the invariants, on a live database, read-only, in one snapshot.
package struct Verification: Sendable {
  /// How long a paid order may be on its way before it has to be flagged.
  package var grace: Duration = .seconds(30)
  /// Opens sealed keys; without it that is not checked.
  package var vault: KeyVault?
  /// Every sealed key is opened, not only a sample.
  package var opensAllKeys = false
  /// Texts that must stand nowhere in the clear.
  package var canaries: [String] = []

  package init() {}

  /// Something that breaks a promise, by the name that people know it by.
  package struct Offender: Sendable, Equatable {
    package let name: String
    package let problem: String

    package init(_ name: String, _ problem: String) {
      self.name = name
      self.problem = problem
    }
  }

  /// What one check found.
  package struct Result: Sendable {
    /// Stable: scripts go by it.
    package let check: String
    package let promise: String
    /// How many things were looked at.
    package let checked: Int
    /// The first of them; `count` is how many there are, as far as it was counted.
    package let offenders: [Offender]
    package let count: Int
    /// Why it was not looked at.
    package let skipped: String?
    package let duration: Duration

    package var isKept: Bool { count == 0 }
  }

  /// At most so many offenders of one check are read.
  package static let offenderLimit = 1_000

  /// Runs every check; `tell` hears of each as it ends.
  package func run(
    _ connection: PostgresConnection, tell: @escaping @Sendable (Result) -> Void = { _ in }
  ) async throws -> [Result] {
    try await connection.read(isolation: .repeatableRead) { try look($0, tell: tell) }
  }

  /// Runs every check, or the named ones, inside the caller's transaction, which should see one snapshot.
  package func look(
    _ session: borrowing Session, only names: Set<String>? = nil, tell: (Result) -> Void = { _ in }
  ) throws -> [Result] {
    // Whole tables are joined: enough memory not to spill.
    try session.execute("SET LOCAL work_mem = '96MB'")
    var results: [Result] = []
    for check in Self.checks where names?.contains(check.name) ?? true {
      let start = ContinuousClock.now
      let found = try check.body(self, session)
      let result = Result(
        check: check.name, promise: check.promise, checked: found.checked, offenders: found.offenders,
        count: found.offenders.count, skipped: found.skipped, duration: ContinuousClock.now - start)
      tell(result)
      results.append(result)
    }
    return results
  }

  static let checks: [Check] =
    stockChecks + checkoutChecks + orderChecks + caseChecks + paymentChecks + refundChecks + ledgerChecks
    + balanceChecks + disputeChecks + deliveryChecks + peopleChecks + manualChecks + noticeChecks + auditChecks
    + secretChecks + reconciliationChecks + importChecks

  /// One promise and how it is looked into.
  struct Check: Sendable {
    let name: String
    let promise: String
    let body: @Sendable (Verification, borrowing Session) throws -> Found

    init(
      _ name: String, _ promise: String,
      body: @escaping @Sendable (Verification, borrowing Session) throws -> Found
    ) {
      self.name = name
      self.promise = promise
      self.body = body
    }

    /// - Parameters:
    ///   - counting: gives how many things there are.
    ///   - offenders: gives rows of a name and a problem.
    init(
      _ name: String, _ promise: String, counting: String,
      offenders: @escaping @Sendable (Verification) -> SQL
    ) {
      self.init(name, promise) { verification, session in
        var found = Found()
        found.checked = try session.first(SQL(unescaped: counting)) { try $0.int(0) } ?? 0
        found.offenders = try session.rows(
          "SELECT * FROM (\(sql: offenders(verification))) AS o (name, problem) LIMIT \(Verification.offenderLimit)"
        ) { Offender(try $0.string(0), try $0.string(1)) }
        return found
      }
    }

    init(_ name: String, _ promise: String, counting: String, _ offenders: SQL) {
      self.init(name, promise, counting: counting) { _ in offenders }
    }
  }

  struct Found {
    var checked = 0
    private(set) var kept: [Offender] = []
    var skipped: String?

    var offenders: [Offender] {
      get { kept }
      set { kept = Array(newValue.prefix(Verification.offenderLimit)) }
    }

    mutating func add(_ name: String, _ problem: String) {
      if kept.count < Verification.offenderLimit { kept.append(Offender(name, problem)) }
    }
  }

  var graceSeconds: Double { Double(grace.wholeMicroseconds) / 1_000_000 }
}

/// Reads a large result piece by piece: a cursor of the transaction.
struct VerifyCursor: Sendable {
  let name: String
  static let rowsAtOnce = 4_000

  /// Calls `each` for every row.
  func read(_ session: borrowing Session, _ query: String, _ each: (Row) throws -> Void) throws {
    try session.execute(SQL(unescaped: "DECLARE \(name) NO SCROLL CURSOR FOR \(query)"))
    let fetch = SQL(unescaped: "FETCH \(Self.rowsAtOnce) FROM \(name)")
    while try !session.rows(fetch, { try each($0) }).isEmpty {}
    try session.execute(SQL(unescaped: "CLOSE \(name)"))
  }
}
