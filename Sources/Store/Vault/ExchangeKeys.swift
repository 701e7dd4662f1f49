package import Market
package import Postgres

/// The daemon's public key in the database.
package enum ExchangeKeys {
  /// Publishes it, if another one or none stands there; tells the audit log. Answers whether it did. As the daemon,
  /// inside a transaction.
  package static func publish(_ session: borrowing Session, _ vault: KeyVault) throws -> Bool {
    let key = try vault.exchangeKey()
    let known = try session.first("SELECT public_key FROM gkm.exchange_key WHERE name = 'market' FOR UPDATE") {
      try $0.bytes(0)
    }
    guard known != key.bytes else { return false }
    var audit = AuditBatch(try Stamp.now(session))
    try audit.add(.exchangeKeyPublished, .exchangeKey, details: ["fingerprint": key.fingerprint])
    try session.pipeline([
      audit.statement,
      """
      INSERT INTO gkm.exchange_key (name, public_key) VALUES ('market', \(key.bytes))
      ON CONFLICT (name) DO UPDATE SET public_key = excluded.public_key, published_at = now()
      """,
    ])
    return true
  }

  /// As people read it; throws `ActionRefused` where the daemon has published none.
  package static func current(_ session: borrowing Session) throws -> ExchangeKey {
    let bytes: [UInt8]?
    do {
      bytes = try session.first("SELECT api.exchange_key()") { try $0.bytesOrNil(0) } ?? nil
    } catch let error as PostgresError {
      throw ActionRefused(error) ?? error
    }
    guard let bytes else {
      throw ActionRefused(.impossible, "there is nothing to seal to yet: the daemon has never run with its master key")
    }
    guard let key = ExchangeKey(bytes) else { throw StoreError.badRow("the daemon's key is no key") }
    return key
  }
}
