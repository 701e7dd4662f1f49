import Market
import Postgres
import Store
import TestSupport
import Testing

@Suite("Rotation of the keys' wrapping") struct KeyRotationTests {
  @Test("every data key is wrapped anew, an old copy opens nothing, the stock stays, and imports go on under it")
  func rotates() async throws {
    try await Workbench.with(keys: 5) { bench in
      try await bench.stock(6...9)
      let before = try await bench.sql("SELECT string_agg(encode(wrapped, 'hex'), ' ' ORDER BY id) FROM gkm.data_key;")
      let ciphertexts = "SELECT md5(string_agg(ciphertext::text, '' ORDER BY id)) FROM gkm.stock_unit;"
      let stock = try await bench.sql(ciphertexts)
      let vault = bench.vault
      let migrator = try await PostgresConnection.connect(
        PostgresConfiguration(
          conninfo: bench.market.database.conninfo(user: "gkm_migrator", password: MarketDatabase.programPassword)))
      for generation in [UInt32(2), 3] {
        let report = try await migrator.write { try KeyRotation.rotate($0, vault) }
        #expect(report == KeyRotation.Report(rewrapped: 2, generation: generation))
      }
      await migrator.close()
      let after = try await bench.sql("SELECT string_agg(encode(wrapped, 'hex'), ' ' ORDER BY id) FROM gkm.data_key;")
      #expect(Set(before.split(separator: " ")).isDisjoint(with: after.split(separator: " ")))
      #expect(try await bench.sql(ciphertexts) == stock)
      try await bench.stock(10...11)
      let look = try await bench.daemon.read { try KeyRotation.look($0, vault) }
      #expect(look.generations == [3: 3] && look.closed == [])
      var verification = Verification()
      verification.vault = vault
      verification.opensAllKeys = true
      let made = verification
      let opened = try await bench.daemon.read { try made.look($0, only: ["secrets.keys"]) }
      #expect(opened.map(\.checked) == [11] && opened.allSatisfy(\.isKept))
      #expect(try await bench.sql("SELECT count(*) FROM gkm.audit_event WHERE action = 'data_key.rewrapped';") == "2")
    }
  }

  @Test("another master key opens nothing and changes nothing")
  func wrongKey() async throws {
    try await Workbench.with(keys: 3) { bench in
      let other = KeyVault(master: try MasterKey([UInt8](repeating: 8, count: 32)))
      let before = try await bench.sql("SELECT md5(string_agg(wrapped::text, '')) FROM gkm.data_key;")
      let superuser = try await PostgresConnection.connect(bench.market.superuser)
      await #expect(throws: VaultError.self) { try await superuser.write { try KeyRotation.rotate($0, other) } }
      await superuser.close()
      #expect(try await bench.sql("SELECT md5(string_agg(wrapped::text, '')) FROM gkm.data_key;") == before)
      #expect(try await bench.daemon.read { try KeyRotation.look($0, other) }.closed.count == 1)
    }
  }
}
