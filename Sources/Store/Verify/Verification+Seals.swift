import Market
import Postgres

extension Verification {
  /// How long an event may wait for its head.
  private static let sealGrace = Duration.seconds(60)

  /// Leaves against the bytes of their events, the tree against its newest head, and whether the sealer keeps up. Whether
  /// a head is signed by whom it should be is for `gkm audit verify`, which has the key.
  static func seals(_ verification: Verification, _ session: borrowing Session) throws -> Found {
    var found = Found()
    let size = try SealedTree.size(session)
    let newest = try StoredHead.newest(session)
    found.checked = size
    if size != newest?.size ?? 0 {
      found.add("leaf \(max(0, size - 1))", "is the last, and the newest head is of \(newest?.size ?? 0) events")
    }
    found.offenders += try session.rows(
      """
      SELECT l.leaf_index, CASE WHEN e.id IS NULL THEN 'has no event ' ELSE 'is not what was sealed of event ' END
        || l.event_id
      FROM gkm.audit_leaf l LEFT JOIN gkm.audit_event e ON e.id = l.event_id
      WHERE e.id IS NULL OR l.hash <> sha256('\\x00'::bytea || e.body) ORDER BY 1 LIMIT \(Self.offenderLimit)
      """
    ) { Offender("leaf \(try $0.int64(0))", try $0.string(1)) }
    guard let newest else { return found }
    if try treeRoot(session, size: newest.size) != newest.root {
      found.add("head \(newest.size)", "has another root than the tree")
    }
    let lag = try SealLag.read(session)
    if lag.waiting > sealGrace, lag.databaseTime - newest.signedAt > sealGrace {
      found.add("sealing", "is \(lag.waiting.wholeMicroseconds / 1_000_000) s behind")
    }
    return found
  }

  /// `nil` where leaves or nodes are missing.
  private static func treeRoot(_ session: borrowing Session, size: Int) throws -> MerkleHash? {
    do {
      return try SealedTree.tree(session, size: size).root
    } catch StoreError.badRow {
      return nil
    }
  }
}
