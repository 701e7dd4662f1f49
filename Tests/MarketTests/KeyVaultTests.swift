import Crypto
import FoundationEssentials
import Market
import Testing

@Suite("The vault opens a key in its own row alone")
struct KeyVaultTests {
  private let vault: KeyVault
  private let dataKey: DataKey
  private let master: MasterKey
  private let place = SealedUnitPlace(unit: StockUnitID(1), vendor: VendorID(2), product: ProductID(3))
  private let nonce = [UInt8](repeating: 9, count: 12)

  init() throws {
    master = try MasterKey((0..<32).map { UInt8($0) })
    vault = KeyVault(master: master)
    dataKey = try DataKey(id: DataKeyID(4), bytes: [UInt8](repeating: 7, count: 32))
  }

  @Test("what was sealed opens, and is longer by the tag alone")
  func roundTrip() throws {
    for text in ["", "AAAA-BBBB-CCCC", String(repeating: "k", count: 5_000)] {
      let sealed = try vault.seal(Array(text.utf8), at: place, under: dataKey, nonce: nonce)
      #expect(sealed.ciphertext.count == text.utf8.count + 16)
      #expect(try vault.open(sealed, at: place, under: dataKey) == Array(text.utf8))
    }
  }

  @Test("moved to another row, vendor, product or data key, or changed by a bit, it does not open")
  func bound() throws {
    let sealed = try vault.seal(Array("AAAA-BBBB".utf8), at: place, under: dataKey, nonce: nonce)
    var places = [place, place, place]
    places[0].unit = StockUnitID(5)
    places[1].vendor = VendorID(5)
    places[2].product = ProductID(5)
    for other in places {
      #expect(throws: VaultError.notAuthentic) { try vault.open(sealed, at: other, under: dataKey) }
    }
    let renamed = try DataKey(id: DataKeyID(5), bytes: [UInt8](repeating: 7, count: 32))
    #expect(throws: VaultError.notAuthentic) { try vault.open(sealed, at: place, under: renamed) }
    for index in sealed.ciphertext.indices {
      var changed = sealed
      changed.ciphertext[index] ^= 1
      #expect(throws: VaultError.notAuthentic) { try vault.open(changed, at: place, under: dataKey) }
    }
  }

  @Test("a data key comes back from its wrapping, in its own row alone")
  func wrapping() throws {
    let wrapped = try vault.wrap(dataKey, vendor: VendorID(2), nonce: nonce)
    #expect(wrapped.count == 65)
    let again = try vault.unwrap(wrapped, id: DataKeyID(4), vendor: VendorID(2))
    let sealed = try vault.seal([1, 2, 3], at: place, under: dataKey, nonce: nonce)
    #expect(try vault.open(sealed, at: place, under: again) == [1, 2, 3])
    #expect(throws: VaultError.notAuthentic) { try vault.unwrap(wrapped, id: DataKeyID(5), vendor: VendorID(2)) }
    #expect(throws: VaultError.notAuthentic) { try vault.unwrap(wrapped, id: DataKeyID(4), vendor: VendorID(5)) }
    #expect(throws: VaultError.unknownFormat) { try vault.unwrap([], id: DataKeyID(4), vendor: VendorID(2)) }
    #expect(throws: VaultError.unknownFormat) {
      try vault.unwrap(Array(wrapped.dropLast()), id: DataKeyID(4), vendor: VendorID(2))
    }
  }

  @Test("rotation rewraps data keys; what they sealed, fingerprints and links stay")
  func rotation() throws {
    let next = KeyVault(master: master, kekGeneration: 2)
    let old = try vault.wrap(dataKey, vendor: VendorID(2), nonce: nonce)
    let new = try next.rewrap(old, id: DataKeyID(4), vendor: VendorID(2), nonce: nonce)
    #expect(old != new)
    let sealed = try vault.seal([1, 2, 3], at: place, under: dataKey, nonce: nonce)
    let unwrapped = try next.unwrap(new, id: DataKeyID(4), vendor: VendorID(2))
    #expect(try next.open(sealed, at: place, under: unwrapped) == [1, 2, 3])
    #expect(vault.fingerprint(of: "A") == next.fingerprint(of: "A"))
    #expect(vault.token(order: OrderID(1), generation: 1) == next.token(order: OrderID(1), generation: 1))
  }

  @Test("one key has one fingerprint, however it is written")
  func fingerprints() {
    let fingerprint = vault.fingerprint(of: "AAAA-BBBB-1234")
    for other in ["aaaa-bbbb-1234", "AAAABBBB1234", " AAAA BBBB\t1234\n", "AAAA–BBBB‑1234"] {
      #expect(vault.fingerprint(of: other) == fingerprint)
    }
    #expect(vault.fingerprint(of: "AAAA-BBBB-1235") != fingerprint)
    #expect(vault.fingerprint(of: " - ") == nil)
    #expect(KeyVault.canonicalKey("ключ-ä") == "ключä")
  }

  @Test("derivation is HKDF and HMAC as documented, so that another program can follow it")
  func derivation() throws {
    let input = SymmetricKey(data: (0..<32).map { UInt8($0) })
    let key = HKDF<SHA256>.deriveKey(
      inputKeyMaterial: input, info: Array("gkm/v1/fingerprint".utf8), outputByteCount: 32)
    let code = HMAC<SHA256>.authenticationCode(for: Array("AAAABBBB".utf8), using: key)
    #expect(vault.fingerprint(of: "aaaa-bbbb")?.bytes == Array(code))
  }

  @Test("an order's link is the same each time, another per generation, and read back")
  func tokens() throws {
    let token = vault.token(order: OrderID(1), generation: 1)
    #expect(token == vault.token(order: OrderID(1), generation: 1))
    #expect(token != vault.token(order: OrderID(1), generation: 2))
    #expect(token != vault.token(order: OrderID(2), generation: 1))
    #expect(token.text.utf8.count == 43)
    #expect(OrderToken(token.text) == token)
    #expect(token.storedHash.count == 32)
    #expect(token.link(base: "https://shop.example/") == "https://shop.example/o/" + token.text)
    for bad in ["", token.text + "A", String(token.text.dropLast()), String(token.text.dropLast()) + "=", "é"] {
      #expect(OrderToken(bad) == nil)
    }
  }

  @Test("a unit's Message-ID is stable, and another for a replacement")
  func messageIDs() {
    let id = vault.messageID(unit: OrderUnitID(71), domain: "shop.example")
    #expect(id == vault.messageID(unit: OrderUnitID(71), domain: "shop.example"))
    #expect(id != vault.messageID(unit: OrderUnitID(71), generation: 2, domain: "shop.example"))
    #expect(id.rawValue.wholeMatch(of: #/<unit-71\.[0-9a-f]{16}@shop\.example>/#) != nil)
  }

  @Test("secrets do not print")
  func redaction() {
    let token = vault.token(order: OrderID(1), generation: 1)
    var dumped = ""
    dump((vault, master, dataKey, token), to: &dumped)
    let printed = "\(vault) \(master) \(dataKey) \(token) \(String(reflecting: (vault, master, dataKey, token)))"
    for text in [dumped, printed] {
      #expect(!text.contains(token.text))
      #expect(!text.contains("7, 7") && !text.contains("1, 2, 3") && !text.contains("070707"))
    }
  }

  @Test("a master key is read from raw bytes or hexadecimal, and nothing else")
  func masterKeyFile() throws {
    let hex = Hex.encode((0..<32).map { UInt8($0) })
    let fromFile = KeyVault(master: try MasterKey(file: Array((hex + "\n").utf8)))
    #expect(fromFile.fingerprint(of: "A") == vault.fingerprint(of: "A"))
    #expect(throws: VaultError.self) { try MasterKey(file: Array("short".utf8)) }
    #expect(throws: VaultError.self) { try MasterKey([1]) }
    #expect(throws: VaultError.self) { try vault.seal([], at: place, under: dataKey, nonce: [1]) }
  }
}
