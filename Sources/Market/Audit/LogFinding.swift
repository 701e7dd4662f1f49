/// Something that was done to the audit log, and where.
package struct LogFinding: Sendable, Equatable {
  /// Stable: scripts go by it.
  package enum Kind: String, Sendable, CaseIterable {
    /// An event's bytes are not those that were sealed.
    case edited
    /// A column beside the bytes says something else than they do.
    case columns
    /// An event's time was changed.
    case backdated
    /// A sealed event is gone.
    case deleted
    /// A sealed event stands under another number, or two changed places.
    case renumbered
    /// Leaves stand in another order than they were sealed in.
    case reordered
    /// A leaf's row is gone.
    case gap
    /// Leaves' hashes were rewritten: what they were is not to be told any more.
    case rewritten
    /// The end of the log is gone.
    case truncated
    /// An event was put where everything was sealed already.
    case inserted
    /// A head is not signed by the key that was to sign it.
    case resigned
    /// A head's row does not say what its note says.
    case head
    /// A kept node, which only repeats what the leaves say, was changed.
    case node
  }

  package let kind: Kind
  package let leaf: Int?
  package let event: Int64?
  /// A sentence without a full stop.
  package let text: String

  package init(_ kind: Kind, leaf: Int? = nil, event: Int64? = nil, _ text: String) {
    self.kind = kind
    self.leaf = leaf
    self.event = event
    self.text = text
  }
}
