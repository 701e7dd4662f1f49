package import Market
package import Postgres

/// The wrapping of data keys under the key-encryption key, which has generations: raising it makes every old wrapping
/// worthless to whoever kept one, and touches no sealed key of the stock.
package enum KeyRotation {
  package struct Report: Sendable, Equatable {
    /// Data keys that were wrapped anew.
    package var rewrapped: Int
    /// What they are wrapped under now.
    package var generation: UInt32

    package init(rewrapped: Int, generation: UInt32) {
      self.rewrapped = rewrapped
      self.generation = generation
    }
  }

  /// Wraps every data key under the next generation, with one audit event. As `gkm_migrator`, inside a transaction; a
  /// daemon at work goes on, for each wrapping says its generation.
  ///
  /// - Throws: `VaultError` where one does not open under this master key; nothing is changed then.
  package static func rotate(_ session: borrowing Session, _ vault: KeyVault) throws -> Report {
    try session.script("SET LOCAL ROLE gkm_owner")
    let keys: [(id: DataKeyID, vendor: VendorID, wrapped: [UInt8])] = try session.rows(
      "SELECT id, vendor_id, wrapped FROM gkm.data_key ORDER BY id FOR UPDATE"
    ) { (try $0.id(0), try $0.id(1), try $0.bytes(2)) }
    let present = try current(session, vault)
    let next = present.at(kekGeneration: present.kekGeneration + 1)
    var random = SystemRandomNumberGenerator()
    let wrapped = try keys.map { key in
      try next.rewrap(key.wrapped, id: key.id, vendor: key.vendor, nonce: random.bytes(KeyVault.nonceByteCount))
    }
    try session.execute(
      """
      UPDATE gkm.data_key k SET wrapped = n.wrapped, kek_version = \(Int32(clamping: next.kekGeneration))
      FROM unnest(\(keys.map(\.id)), \(wrapped)) AS n (id, wrapped) WHERE k.id = n.id
      """)
    try session.script("SET LOCAL ROLE gkm_api")
    let details = ["data_keys", String(keys.count), "generation", String(next.kekGeneration)]
    _ = try session.rows(
      """
      SELECT gkm.audit(\(AuditAction.dataKeyRewrapped.rawValue), 'data_key', 'all', NULL, NULL, NULL, 'migrator', NULL,
        \(details))
      """
    ) { _ in }
    return Report(rewrapped: keys.count, generation: next.kekGeneration)
  }

  /// The vault with the generation that the newest data keys have: what new ones are wrapped under.
  package static func current(_ session: borrowing Session, _ vault: KeyVault) throws -> KeyVault {
    let newest = try session.first("SELECT max(kek_version) FROM gkm.data_key") { try $0.int32OrNil(0) } ?? nil
    return newest.map { vault.at(kekGeneration: UInt32(clamping: $0)) } ?? vault
  }

  /// How many data keys there are under each generation, and which of them do not open with this master key.
  package static func look(
    _ session: borrowing Session, _ vault: KeyVault
  ) throws -> (generations: [Int32: Int], closed: [DataKeyID]) {
    var generations: [Int32: Int] = [:]
    var closed: [DataKeyID] = []
    let keys: [(id: DataKeyID, vendor: VendorID, wrapped: [UInt8], generation: Int32)] = try session.rows(
      "SELECT id, vendor_id, wrapped, kek_version FROM gkm.data_key ORDER BY id"
    ) { (try $0.id(0), try $0.id(1), try $0.bytes(2), try $0.int32(3)) }
    for key in keys {
      generations[key.generation, default: 0] += 1
      if (try? vault.unwrap(key.wrapped, id: key.id, vendor: key.vendor)) == nil { closed.append(key.id) }
    }
    return (generations, closed)
  }
}
