/// Where a sealed key stands. All of it is authenticated, so that a ciphertext moved to another row does not open.
package struct SealedUnitPlace: Hashable, Sendable {
  package var unit: StockUnitID
  package var vendor: VendorID
  package var product: ProductID

  package init(unit: StockUnitID, vendor: VendorID, product: ProductID) {
    self.unit = unit
    self.vendor = vendor
    self.product = product
  }
}

/// A key at rest.
package struct SealedUnit: Hashable, Sendable {
  /// 12 bytes, never used twice under one data key.
  package var nonce: [UInt8]
  /// As long as the plaintext, and 16 bytes of tag.
  package var ciphertext: [UInt8]

  package init(nonce: [UInt8], ciphertext: [UInt8]) {
    self.nonce = nonce
    self.ciphertext = ciphertext
  }
}

extension KeyVault {
  /// Seals a key for its row (AES-256-GCM). The row's id has to be taken before.
  package func seal(
    _ plaintext: [UInt8], at place: SealedUnitPlace, under dataKey: DataKey, nonce: [UInt8]
  ) throws(VaultError) -> SealedUnit {
    let sealed = try AESGCM.seal(plaintext, key: dataKey.key, nonce: nonce, aad: unitAAD(place, dataKey.id))
    return SealedUnit(nonce: nonce, ciphertext: sealed)
  }

  package func open(
    _ sealed: SealedUnit, at place: SealedUnitPlace, under dataKey: DataKey
  ) throws(VaultError) -> [UInt8] {
    try AESGCM.open(
      sealed.ciphertext[...], key: dataKey.key, nonce: sealed.nonce, aad: unitAAD(place, dataKey.id))
  }

  private func unitAAD(_ place: SealedUnitPlace, _ dataKey: DataKeyID) -> [UInt8] {
    var aad: [UInt8] = []
    aad.reserveCapacity(46)
    aad.append(contentsOf: "gkm stock unit".utf8)
    for number in [place.unit.rawValue, place.vendor.rawValue, place.product.rawValue, dataKey.rawValue] {
      withUnsafeBytes(of: number.bigEndian) { aad.append(contentsOf: $0) }
    }
    return aad
  }
}
