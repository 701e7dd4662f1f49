/// A leaf of the log with what is in the event's row now.
package struct SealedEvent: Sendable {
  package let leaf: Int
  /// The leaf's hash, as its row has it.
  package let sealedHash: MerkleHash
  package let event: Int64
  package let sealedAt: Instant
  /// `nil` where there is no such event any more.
  package let row: Row?

  package struct Row: Sendable {
    package let at: Instant
    package let actor: String
    package let action: String
    package let subjectKind: String
    package let subjectID: String
    /// Whether an order is named at all; its number where it is still there.
    package let hasOrder: Bool
    package let order: String?
    package let vendor: VendorID?
    package let stripeEvent: String?
    package let xact: UInt64
    package let body: [UInt8]

    package init(
      at: Instant, actor: String, action: String, subjectKind: String, subjectID: String, hasOrder: Bool,
      order: String?, vendor: VendorID?, stripeEvent: String?, xact: UInt64, body: [UInt8]
    ) {
      self.at = at
      self.actor = actor
      self.action = action
      self.subjectKind = subjectKind
      self.subjectID = subjectID
      self.hasOrder = hasOrder
      self.order = order
      self.vendor = vendor
      self.stripeEvent = stripeEvent
      self.xact = xact
      self.body = body
    }

    /// The column that differs from the record; `nil` where all agree.
    package func disagreement(with record: AuditRecord) -> String? {
      if record.at != at { return "at" }
      if record.actor != actor { return "actor" }
      if record.actionName != action { return "action" }
      if record.subject.kind != subjectKind { return "subject_kind" }
      if record.subject.id != subjectID { return "subject_id" }
      if record.order != order || hasOrder != (record.order != nil) { return "order_id" }
      if record.vendor != vendor { return "vendor_id" }
      return record.stripeEvent == stripeEvent ? nil : "stripe_event"
    }
  }

  package init(leaf: Int, sealedHash: MerkleHash, event: Int64, sealedAt: Instant, row: Row?) {
    self.leaf = leaf
    self.sealedHash = sealedHash
    self.event = event
    self.sealedAt = sealedAt
    self.row = row
  }

  /// What the tree is told of it.
  package struct Checked: Sendable {
    package let leaf: Int
    package let sealedHash: MerkleHash
    package let event: Int64
    /// Of the row's bytes as they are now.
    package let hash: MerkleHash?
    package let xact: UInt64?
    package let findings: [LogFinding]
  }

  /// Hashes the row's bytes and compares them with the leaf and with the columns beside them.
  package func check() -> Checked {
    guard let row else {
      let finding = LogFinding(
        .deleted, leaf: leaf, event: event, "event \(event), sealed as leaf \(leaf) (\(sealedAt)), is gone")
      return Checked(
        leaf: leaf, sealedHash: sealedHash, event: event, hash: nil, xact: nil, findings: [finding])
    }
    let hash = MerkleHash.leaf(row.body)
    var findings: [LogFinding] = []
    func find(_ kind: LogFinding.Kind, _ text: String) {
      findings.append(LogFinding(kind, leaf: leaf, event: event, "event \(event), sealed as leaf \(leaf), \(text)"))
    }
    let record = try? AuditRecord(parsing: row.body)
    if hash != sealedHash {
      find(.edited, "has other bytes than were sealed")
    } else if row.at != sealedAt {
      find(.backdated, "is dated \(row.at); it was sealed as of \(sealedAt)")
    } else if let record {
      if let column = row.disagreement(with: record) {
        find(column == "at" ? .backdated : .columns, "says in its column \(column) something else than in its bytes")
      }
    } else {
      find(.columns, "has bytes that are no record")
    }
    return Checked(
      leaf: leaf, sealedHash: sealedHash, event: event, hash: hash, xact: row.xact, findings: findings)
  }
}
