package import Market
package import Postgres

/// What the sealed log has about an order, with the proofs that it has it.
package struct OrderEvidence: Sendable, Equatable {
  package let order: String
  package let head: SignedHead
  package let key: NoteVerifier
  /// In the order in which they were sealed.
  package let events: [Event]
  /// Events of the order that no head has yet.
  package let unsealed: Int

  package struct Event: Sendable, Equatable {
    package let id: Int64
    package let leaf: Int
    package let body: [UInt8]
    /// From the leaf upwards.
    package let path: [MerkleHash]
  }

  /// Events of one order at most.
  package static let eventLimit = 5_000

  /// In a snapshot of the caller's. `nil` where there is no such order.
  ///
  /// - Throws: `ActionRefused` where nothing of it is sealed, or what the database has does not prove itself.
  package static func read(_ session: borrowing Session, order number: String) throws -> OrderEvidence? {
    guard let order = try session.first("SELECT id FROM gkm.orders WHERE number = \(number)", { try $0.int64(0) })
    else { return nil }
    guard let stored = try StoredHead.newest(session) else {
      throw ActionRefused(.impossible, "nothing is sealed yet: evidence needs a head, which gkmd seal signs")
    }
    let head: SignedHead
    do throws(NoteError) { head = try SignedHead(parsing: stored.note) } catch {
      throw ActionRefused(.impossible, "the newest head cannot be read: \(error.message)")
    }
    let key = head.note.signatures.first.flatMap { NoteVerifier(name: $0.name, publicKey: stored.publicKey) }
    guard let key, head.note.signer(among: [key]) == key else {
      throw ActionRefused(.impossible, "the newest head is not signed by the key it names: see gkm audit verify")
    }
    let rows = try session.rows(
      """
      SELECT e.id, l.leaf_index, e.body FROM gkm.audit_event e LEFT JOIN gkm.audit_leaf l ON l.event_id = e.id
      WHERE e.order_id = \(order) ORDER BY l.leaf_index, e.id LIMIT \(eventLimit + 1)
      """
    ) { (id: try $0.int64(0), leaf: try $0.intOrNil(1), body: try $0.bytes(2)) }
    guard rows.count <= eventLimit else {
      throw ActionRefused(.impossible, "the order has more than \(eventLimit) events")
    }
    var events: [Event] = []
    for row in rows {
      guard let leaf = row.leaf, leaf < head.size else { continue }
      let path = try SealedTree.inclusion(session, of: leaf, size: head.size)
      guard
        MerkleProof.verifyInclusion(
          of: MerkleHash.leaf(row.body), at: leaf, size: head.size, path: path, root: head.root)
      else {
        throw ActionRefused(
          .impossible, "event \(row.id) is not what was sealed as leaf \(leaf): see gkm audit verify")
      }
      events.append(Event(id: row.id, leaf: leaf, body: row.body, path: path))
    }
    guard !events.isEmpty else {
      throw ActionRefused(.impossible, "no event of this order is sealed yet")
    }
    return OrderEvidence(
      order: number, head: head, key: key, events: events, unsealed: rows.count - events.count)
  }
}
