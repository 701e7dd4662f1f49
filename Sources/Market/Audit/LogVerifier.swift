/// Follows a log leaf by leaf and compares the tree that it makes with heads: those of the database and those kept
/// outside. Pure: what it is given it was read elsewhere.
///
/// The tree is made of the leaves' hashes, each of which was compared with the bytes of its event. Where a leaf is
/// missing, or 256 leaves do not make their kept node, the tree is followed both ways until a head tells which is right.
package struct LogVerifier: Sendable {
  /// A head to compare with.
  package struct Head: Sendable {
    package let size: Int
    package let root: MerkleHash
    /// Kept outside the database.
    package let isOutside: Bool
    /// Whether its signature is that of a trusted key: only then its root tells anything.
    package let isTrusted: Bool

    package init(size: Int, root: MerkleHash, isOutside: Bool, isTrusted: Bool) {
      self.size = size
      self.root = root
      self.isOutside = isOutside
      self.isTrusted = isTrusted
    }
  }

  /// A possible past: a tree, and what it takes for changed.
  private struct Course: Sendable {
    var tree: MerkleTree
    var findings: [LogFinding] = []
  }

  private var courses: [Course]
  /// Where the present run of 256 began, for each course.
  private var blockStart: [MerkleTree]
  private var isBlockWhole = true
  /// A leaf was missing where no kept node could stand in for it: the tree cannot be followed any further.
  private var isBlind = false
  /// The sizes of the last head that agreed, and of the last outside one.
  private var lastGood: Int
  private var lastGoodOutside: Int
  private var inversions: [LogFinding] = []
  private var previous: SealedEvent.Checked?
  /// The last run of missing leaves, and where it is told.
  private var gap: Range<Int>?
  private var gapFinding = 0
  package private(set) var findings: [LogFinding] = []
  package private(set) var headsCompared = 0
  /// Whether the last head did not agree; it is told once, until one agrees again.
  private var isLost = false
  private var isLostOutside = false

  private static let courseLimit = 8
  private static let block = 1 << MerkleLevels.bits

  /// - Parameter start: the tree to go on from; its leaves were verified before, or are held by the next head.
  package init(from start: MerkleTree = MerkleTree()) {
    courses = [Course(tree: start)]
    blockStart = [start]
    lastGood = start.size
    lastGoodOutside = start.size
  }

  package var size: Int { courses[0].tree.size }

  /// The tree so far, where nothing was found: to go on from later.
  package var cleanTree: MerkleTree? { findings.isEmpty && courses.count == 1 ? courses[0].tree : nil }

  /// Takes the leaf at `size`; `nil` where there is none.
  ///
  /// - Parameters:
  ///   - node: the kept node of the 256 leaves that end here, asked for only where they do.
  ///   - heads: those of exactly the size that the tree then has.
  package mutating func take(
    _ leaf: SealedEvent.Checked?, node: @autoclosure () -> MerkleHash?, heads: [Head] = []
  ) {
    let index = size
    if let leaf {
      findings += leaf.findings
      noteOrder(leaf)
      for course in courses.indices { courses[course].tree.append(leaf.sealedHash) }
    } else {
      noteGap(index)
      isBlockWhole = false
      // Any hash will do: the block is taken from its node.
      for course in courses.indices { courses[course].tree.append(.empty) }
    }
    if size % Self.block == 0 { endBlock(node()) }
    for head in heads { compare(head) }
  }

  /// Adds what was found beside the tree.
  package mutating func note(_ finding: LogFinding) { findings.append(finding) }

  /// Leaves that are missing in a row are told together.
  private mutating func noteGap(_ index: Int) {
    if let gap, gap.upperBound == index, findings.indices.contains(gapFinding) {
      self.gap = gap.lowerBound..<index + 1
      findings[gapFinding] = LogFinding(
        .gap, leaf: gap.lowerBound, "leaves \(gap.lowerBound) to \(index) are gone")
      return
    }
    gap = index..<index + 1
    gapFinding = findings.count
    findings.append(LogFinding(.gap, leaf: index, "leaf \(index) is gone"))
  }

  private mutating func noteOrder(_ leaf: SealedEvent.Checked) {
    if let previous, let before = previous.xact, let now = leaf.xact, (now, leaf.event) < (before, previous.event),
      inversions.count < 100
    {
      inversions.append(
        LogFinding(
          .reordered, leaf: leaf.leaf, event: leaf.event,
          "leaf \(previous.leaf) (event \(previous.event)) stands before leaf \(leaf.leaf) (event \(leaf.event)), "
            + "which was written earlier"))
    }
    previous = leaf
  }

  /// Opens another course where the block's leaves do not make its node.
  private mutating func endBlock(_ node: MerkleHash?) {
    defer {
      blockStart = courses.map(\.tree)
      isBlockWhole = true
    }
    guard let node, let start = blockStart.first, start.size == size - Self.block else {
      if !isBlockWhole { isBlind = true }
      return
    }
    let first = start.size
    var byNode: [Course] = []
    for (course, start) in zip(courses, blockStart) {
      var tree = start
      tree.append(node, height: MerkleLevels.bits) { _, _, _ in }
      if tree == course.tree { continue }
      var other = Course(tree: tree, findings: course.findings)
      if isBlockWhole {
        other.findings.append(
          LogFinding(
            .rewritten, leaf: first,
            "the hashes of leaves \(first) to \(size - 1) were rewritten: at least one event there is not what it was"))
      }
      byNode.append(other)
    }
    guard !byNode.isEmpty else { return }
    if !isBlockWhole {
      courses = byNode
      return
    }
    for course in courses.indices {
      courses[course].findings.append(
        LogFinding(.node, leaf: first, "the kept node of leaves \(first) to \(size - 1) is not what they make"))
    }
    courses = Array((courses + byNode).prefix(Self.courseLimit))
  }

  /// A head of the present size.
  private mutating func compare(_ head: Head) {
    guard head.isTrusted, isBlockWhole, !isBlind else { return }
    headsCompared += 1
    if let right = courses.firstIndex(where: { $0.tree.root == head.root }) {
      findings += courses[right].findings
      courses = [Course(tree: courses[right].tree)]
      blockStart = [blockStart[right]]
      inversions = []
      if head.isOutside {
        (lastGoodOutside, isLostOutside) = (size, false)
      } else {
        (lastGood, isLost) = (size, false)
      }
      return
    }
    if head.isOutside ? !isLostOutside : !isLost {
      let first = head.isOutside ? lastGoodOutside : lastGood
      findings.append(
        LogFinding(
          .rewritten, leaf: first,
          "\(head.isOutside ? "the outside head" : "the head") of \(size) events is not this log's: something among "
            + "leaves \(first) to \(size - 1) was changed, and with it what it was sealed as"))
      findings += inversions
    }
    inversions = []
    if head.isOutside { isLostOutside = true } else { isLost = true }
  }

  /// The end of the leaves; `heads` are larger than the tree.
  package mutating func end(_ heads: [Head]) {
    for course in courses where courses.count > 1 || !course.findings.isEmpty {
      findings += course.findings
      break
    }
    courses = [Course(tree: courses[0].tree)]
    guard let largest = heads.filter({ $0.isTrusted && $0.size > size }).max(by: { $0.size < $1.size }) else { return }
    findings.append(
      LogFinding(
        .truncated, leaf: size,
        "the log ends with \(size) sealed events, and \(largest.isOutside ? "an outside head" : "its own head") has "
          + "\(largest.size): \(largest.size - size) are gone"))
  }

  /// Puts findings together that belong together: what was sealed under one number and stands under another now.
  ///
  /// - Parameter strays: events without a leaf that are older than the newest head, with their hashes.
  package mutating func settle(strays: [(event: Int64, at: Instant, hash: MerkleHash)], moved: [SealedEvent.Checked]) {
    var homes: [MerkleHash: Int64] = [:]
    for stray in strays { homes[stray.hash] = stray.event }
    for leaf in moved { if let hash = leaf.hash { homes[hash] = leaf.event } }
    var sealed: Set<MerkleHash> = []
    for leaf in moved {
      sealed.insert(leaf.sealedHash)
      guard let home = homes[leaf.sealedHash], home != leaf.event,
        let index = findings.firstIndex(where: {
          $0.leaf == leaf.leaf && ($0.kind == .edited || $0.kind == .deleted)
        })
      else { continue }
      findings[index] = LogFinding(
        .renumbered, leaf: leaf.leaf, event: leaf.event,
        "event \(leaf.event), sealed as leaf \(leaf.leaf), stands under the number \(home) now")
    }
    let hasGaps = findings.contains { $0.kind == .gap || $0.kind == .truncated }
    for stray in strays where !sealed.contains(stray.hash) {
      findings.append(
        LogFinding(
          .inserted, event: stray.event,
          "event \(stray.event) (\(stray.at)) is not sealed, and would have been: "
            + (hasGaps ? "it was put in later, or its leaf is gone" : "it was put in later")))
    }
  }
}
