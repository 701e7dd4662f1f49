package import Market
package import Postgres
import Synchronization

/// Data keys in the clear, kept while they are used: at most `limit`, the least recently used goes first.
package final class DataKeyCache: Sendable {
  private struct State {
    var keys: [DataKeyID: (key: DataKey, used: UInt64)] = [:]
    var clock: UInt64 = 0
  }

  private let vault: KeyVault
  private let limit: Int
  private let state = Mutex(State())

  package init(_ vault: KeyVault, limit: Int = 1_000) {
    self.vault = vault
    self.limit = max(1, limit)
  }

  /// The key, if it is here.
  package func key(_ id: DataKeyID) -> DataKey? {
    state.withLock { state in
      state.clock += 1
      guard let entry = state.keys[id] else { return nil }
      state.keys[id] = (entry.key, state.clock)
      return entry.key
    }
  }

  /// Those of `ids` that are not here.
  package func missing(_ ids: some Sequence<DataKeyID>) -> [DataKeyID] {
    state.withLock { state in Set(ids).filter { state.keys[$0] == nil }.sorted() }
  }

  /// Reads and unwraps keys. A key that does not open is left out: whoever asks for it will find it missing.
  package func load(_ session: borrowing Session, _ ids: [DataKeyID]) throws {
    let rows: [(DataKeyID, VendorID, [UInt8])] = try session.rows(
      "SELECT id, vendor_id, wrapped FROM gkm.data_key WHERE id = ANY (\(ids))"
    ) { (try $0.id(0), try $0.id(1), try $0.bytes(2)) }
    for (id, vendor, wrapped) in rows {
      guard let key = try? vault.unwrap(wrapped, id: id, vendor: vendor) else { continue }
      insert(key)
    }
  }

  private func insert(_ key: DataKey) {
    state.withLock { state in
      state.clock += 1
      state.keys[key.id] = (key, state.clock)
      while state.keys.count > limit, let oldest = state.keys.min(by: { $0.value.used < $1.value.used }) {
        state.keys[oldest.key] = nil
      }
    }
  }

  /// Opens a sealed key of the stock. `nil` where its data key is not here.
  package func open(_ sealed: SealedUnit, at place: SealedUnitPlace, under id: DataKeyID) throws -> [UInt8]? {
    guard let key = key(id) else { return nil }
    return try vault.open(sealed, at: place, under: key)
  }
}
