/// Comparing secrets that somebody could guess at.
package enum ConstantTime {
  /// Whether two secrets are alike, in a time that tells nothing of where they differ. Their lengths are no secret.
  package static func equal(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard left.count == right.count else { return false }
    var difference: UInt8 = 0
    for index in left.indices { difference |= left[index] ^ right[index] }
    return difference == 0
  }
}
