import Market
import Testing

@Suite("Sealed to the daemon, and by it") struct ExchangeKeyTests {
  private let vault = try? KeyVault(master: MasterKey([UInt8](repeating: 7, count: 32)))
  private let other = try? KeyVault(master: MasterKey([UInt8](repeating: 8, count: 32)))

  @Test("What is sealed opens for its use and place alone, and by the one master key")
  func sealed() throws {
    let (vault, other) = (try #require(vault), try #require(other))
    let key = try vault.exchangeKey()
    let use = SealedUse.stock(StockImportID(7), position: 0, rows: 2)
    let clear = Array("AAAAA-BBBBB".utf8)
    let sealed = try key.seal(clear, for: use)
    #expect(try vault.open(sealed, for: use) == clear)
    #expect(try key.seal(clear, for: use) != sealed, "each call is a context of its own")
    for wrong: SealedUse in [
      .stock(StockImportID(8), position: 0, rows: 2), .stock(StockImportID(7), position: 1, rows: 2),
      .stock(StockImportID(7), position: 0, rows: 3), .reveal(KeyRequestID(7), StockUnitID(0)), .find(login: "anna"),
    ] {
      #expect(throws: VaultError.notAuthentic) { try vault.open(sealed, for: wrong) }
    }
    #expect(throws: VaultError.notAuthentic) { try other.open(sealed, for: use) }
    for index in sealed.indices {
      var bent = sealed
      bent[index] ^= 1
      #expect(throws: VaultError.self) { try vault.open(bent, for: use) }
    }
    #expect(throws: VaultError.unknownFormat) { try vault.open([], for: use) }
  }

  @Test("The key follows from the master key, and people can compare it")
  func fingerprint() throws {
    let (vault, other) = (try #require(vault), try #require(other))
    #expect(try vault.exchangeKey() == vault.exchangeKey())
    #expect(try vault.at(kekGeneration: 9).exchangeKey() == vault.exchangeKey())
    let one = try vault.exchangeKey().fingerprint
    #expect(one.wholeMatch(of: /([0-9a-f]{4}-){7}[0-9a-f]{4}/) != nil, "\(one)")
    #expect(try one != other.exchangeKey().fingerprint)
  }

  @Test("An answer opens for who asked alone, and only if it is the daemon's")
  func answers() throws {
    let (vault, other) = (try #require(vault), try #require(other))
    let asker = AnswerKey()
    let use = SealedUse.reveal(KeyRequestID(3), StockUnitID(9))
    let to = try #require(ExchangeKey(asker.publicKey))
    let sealed = try vault.answer(Array("SECRET".utf8), to: to, for: use)
    #expect(try asker.open(sealed, from: vault.exchangeKey(), for: use) == Array("SECRET".utf8))
    #expect(throws: VaultError.notAuthentic) {
      try asker.open(sealed, from: other.exchangeKey(), for: use)
    }
    #expect(throws: VaultError.notAuthentic) {
      try asker.open(sealed, from: vault.exchangeKey(), for: .reveal(KeyRequestID(4), StockUnitID(9)))
    }
    #expect(throws: VaultError.notAuthentic) { try AnswerKey().open(sealed, from: vault.exchangeKey(), for: use) }
    let forged = try to.seal(Array("SECRET".utf8), for: use)
    #expect(throws: VaultError.notAuthentic) { try asker.open(forged, from: vault.exchangeKey(), for: use) }
    #expect("\(asker) \(String(reflecting: asker))" == "AnswerKey(redacted) AnswerKey(redacted)")
  }

  @Test("A key's bytes have the fingerprint of its text")
  func fingerprints() throws {
    let vault = try #require(vault)
    for text in ["abcde-FGHIJ 123", "\tA\u{B}b\u{C}", "Ä-ß-\u{200B}x\u{2013}y", "-- -", "", "A_b+c/d="] {
      #expect(vault.fingerprint(ofUTF8: Array(text.utf8)[...]) == vault.fingerprint(of: text), "\(text)")
    }
  }
}
