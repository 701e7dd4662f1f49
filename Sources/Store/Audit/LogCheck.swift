package import Market
package import Postgres

/// Verifies the sealed log: from the bytes of each event's row to the signed heads.
package struct LogCheck: Sendable {
  /// Whose signatures count. Empty: those of the keys that the database itself names, which proves less.
  package var keys: [NoteVerifier] = []
  /// Heads that were kept outside the database.
  package var outside: [SignedHead] = []
  /// The first leaf to look at; earlier ones are taken as they are sealed.
  package var from = 0
  /// Leaves up to here; `nil` for all that are sealed.
  package var to: Int?
  /// A tree that was verified before, to go on from.
  package var verified: MerkleTree?

  package init() {}

  package struct Report: Sendable {
    package var findings: [LogFinding]
    /// Leaves looked at.
    package var leaves: Range<Int>
    /// Heads whose root was compared with the tree.
    package var heads: Int
    package var duration: Duration
    /// Whether the keys came from outside.
    package var isKeyPinned: Bool
    /// What the log says of restores.
    package var resumptions: [SealResumption]
    /// To go on from another time; `nil` where something was found.
    package var verified: MerkleTree?
  }

  package struct Progress: Sendable {
    package let done: Int
    package let total: Int
    /// Verified so far without a finding.
    package let verified: MerkleTree?
  }

  /// Findings at most; what is more is not told.
  package static let findingLimit = 10_000

  /// - Parameter tell: hears of each piece.
  package func run(
    _ connection: PostgresConnection, tell: (Progress) throws -> Void = { _ in }
  ) async throws -> Report {
    let begun = ContinuousClock.now
    let first = verified?.size ?? from
    let known = verified
    let (start, newest, size) = try await connection.read(isolation: .repeatableRead) { session in
      let newest = try StoredHead.newest(session)
      let size = try SealedTree.size(session)
      guard first <= size else {
        throw ActionRefused(.badRequest, "the log has \(size) sealed events: there is no leaf \(first)")
      }
      return (try known ?? SealedTree.tree(session, size: first), newest, size)
    }
    let end = min(to ?? size, size)
    guard first <= end else {
      throw ActionRefused(.badRequest, "the log has \(size) sealed events: leaf \(end) comes before leaf \(first)")
    }
    var follower = Follower(self, from: start)
    // One piece is read while the one before it is worked on.
    var pieces = Self.ranges(first..<end)[...]
    var next = pieces.popFirst().map { range in Task { try await connection.read { try LogReader.read($0, range) } } }
    defer { next?.cancel() }
    while let reading = next {
      let piece = try await reading.value
      next = pieces.popFirst().map { range in Task { try await connection.read { try LogReader.read($0, range) } } }
      follower.take(piece, await Self.check(piece.leaves))
      try tell(
        Progress(done: piece.range.upperBound - first, total: end - first, verified: follower.verifier.cleanTree))
      try Task.checkCancellation()
    }
    let isWhole = to == nil || end == size
    follower.end(isWhole: isWhole, newest: newest)
    if from == 0, verified == nil, isWhole, let newest {
      follower.settle(try await Self.strays(connection, newest.cursor))
    } else {
      follower.settle([])
    }
    return Report(
      findings: Array(follower.verifier.findings.prefix(Self.findingLimit)), leaves: first..<end,
      heads: follower.verifier.headsCompared, duration: ContinuousClock.now - begun, isKeyPinned: !keys.isEmpty,
      resumptions: try await connection.read { try SealResumption.all($0) }, verified: follower.verifier.cleanTree)
  }

  /// Pieces that end where kept nodes do.
  private static func ranges(_ whole: Range<Int>) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    var lower = whole.lowerBound
    while lower < whole.upperBound {
      let upper = min((lower / LogReader.leavesAtOnce + 1) * LogReader.leavesAtOnce, whole.upperBound)
      ranges.append(lower..<upper)
      lower = upper
    }
    return ranges
  }

  /// Hashes and reads the events of a piece, on as many cores as there are.
  private static func check(_ leaves: [SealedEvent]) async -> [SealedEvent.Checked] {
    let share = 2_048
    return await withTaskGroup(of: (Int, [SealedEvent.Checked]).self) { group in
      for start in stride(from: 0, to: leaves.count, by: share) {
        let part = leaves[start..<min(start + share, leaves.count)]
        group.addTask { (start, part.map { $0.check() }) }
      }
      var parts: [(Int, [SealedEvent.Checked])] = []
      for await part in group { parts.append(part) }
      return parts.sorted { $0.0 < $1.0 }.flatMap(\.1)
    }
  }

  private static func strays(
    _ connection: PostgresConnection, _ cursor: SealCursor
  ) async throws -> [(event: Int64, at: Instant, hash: MerkleHash)] {
    let ids = try await connection.read { try LogReader.eventIDs($0) }
    var strays: [(event: Int64, at: Instant, hash: MerkleHash)] = []
    let idsAtOnce: Int64 = 100_000
    var lower = ids.lowerBound
    while lower < ids.upperBound, strays.count < findingLimit {
      let part = lower..<min(lower + idsAtOnce, ids.upperBound)
      strays += try await connection.read { try LogReader.strays($0, below: cursor, ids: part) }
      lower = part.upperBound
    }
    return strays
  }
}
