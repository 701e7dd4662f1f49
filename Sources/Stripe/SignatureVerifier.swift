import Crypto
import Market

/// What came of checking a `Stripe-Signature` header.
package enum SignatureCheck: Sendable, Equatable {
  /// The body was signed by the secret at `secret` (its index in the verifier's list) at `timestamp` (Unix seconds).
  case valid(secret: Int, timestamp: Int64)
  /// No header, or an empty one.
  case missing
  /// The header cannot be read; `reason` says why, in words fit for a log.
  case malformed(reason: String)
  /// The header is well formed and no `v1` in it was made by any of the secrets.
  case noMatch
  /// Rightly signed, but `seconds` before our clock, which is more than the tolerance: a replay, or our clock is fast.
  case tooOld(seconds: Int64)
  /// Rightly signed, but `seconds` after our clock, which is more than the tolerance: our clock is slow.
  case tooNew(seconds: Int64)

  /// Whether the body may be believed.
  package var isValid: Bool {
    if case .valid = self { true } else { false }
  }
}

/// Verifies that a webhook's body was signed by Stripe (https://docs.stripe.com/webhooks#verify-manually).
///
/// The expected signature is HMAC-SHA256 over the timestamp as written in the header, a full stop and the raw body,
/// under the whole `whsec_…` string. Only `v1` counts. Every `v1` is compared in constant time under every secret, since
/// a rolled secret stays alive beside its successor for up to a day. Age is judged only after a signature matched, so
/// that `tooOld` and `tooNew` speak of a clock and never of a forgery. Nothing here traps, whatever the bytes.
package struct SignatureVerifier: Sendable {
  /// Headers longer than this many bytes are malformed: Stripe's are under 300.
  package static let headerLimitBytes = 4096

  private let keys: [SymmetricKey]
  private let toleranceSeconds: Int64

  /// - Parameters:
  ///   - secrets: the endpoint's active signing secrets. Empty ones are left out; with none left, nothing is valid.
  ///   - toleranceSeconds: how far the signature's time may lie from ours, both ways.
  package init(secrets: [String], toleranceSeconds: Int64 = 300) {
    self.keys = secrets.filter { !$0.isEmpty }.map { SymmetricKey(data: Array($0.utf8)) }
    self.toleranceSeconds = toleranceSeconds
  }

  /// Checks `header` against the raw `body`; `now` is our clock in Unix seconds.
  package func verify(header: String?, body: [UInt8], now: Int64) -> SignatureCheck {
    verify(headerBytes: header.map { Array($0.utf8) }, body: body, now: now)
  }

  /// The same over the header's bytes as they came, which need not be UTF-8.
  package func verify(headerBytes: [UInt8]?, body: [UInt8], now: Int64) -> SignatureCheck {
    guard let headerBytes, !headerBytes.isEmpty else { return .missing }
    let parsed: SignatureHeader
    switch SignatureHeader.parse(headerBytes) {
    case .success(let header): parsed = header
    case .failure(let problem): return .malformed(reason: problem.reason)
    }
    for (index, key) in keys.enumerated() {
      let expected = Self.code(key: key, timestamp: parsed.timestampBytes, body: body)
      for candidate in parsed.signatures where ConstantTime.equal(candidate, expected) {
        return checkAge(secret: index, timestamp: parsed.timestamp, now: now)
      }
    }
    return .noMatch
  }

  private func checkAge(secret: Int, timestamp: Int64, now: Int64) -> SignatureCheck {
    let (age, overflow) = now.subtractingReportingOverflow(timestamp)
    if overflow { return timestamp < now ? .tooOld(seconds: .max) : .tooNew(seconds: .max) }
    if age > toleranceSeconds { return .tooOld(seconds: age) }
    if age < -toleranceSeconds { return .tooNew(seconds: age == .min ? .max : -age) }
    return .valid(secret: secret, timestamp: timestamp)
  }

  /// HMAC-SHA256 of `timestamp.body`: what both the verifier and the signer compute.
  static func code(key: SymmetricKey, timestamp: [UInt8], body: [UInt8]) -> [UInt8] {
    var code = HMAC<SHA256>(key: key)
    code.update(data: timestamp)
    code.update(data: [UInt8(ascii: ".")])
    code.update(data: body)
    return Array(code.finalize())
  }
}

/// A `Stripe-Signature` header taken apart.
struct SignatureHeader {
  struct Problem: Error {
    let reason: String
  }

  var timestamp: Int64
  /// The timestamp as written, which is what was signed.
  var timestampBytes: [UInt8]
  /// Every `v1` that is 32 bytes of hexadecimal; others cannot match and are left out.
  var signatures: [[UInt8]]

  /// `t=<digits>` once and at least one `v1=…`, in any order, between commas; other schemes are passed over.
  static func parse(_ bytes: [UInt8]) -> Result<SignatureHeader, Problem> {
    guard bytes.count <= SignatureVerifier.headerLimitBytes else {
      return .failure(Problem(reason: "longer than \(SignatureVerifier.headerLimitBytes) bytes"))
    }
    var timestamp: (value: Int64, bytes: [UInt8])?
    var signatures: [[UInt8]] = []
    var sawSignature = false
    for item in bytes.split(separator: UInt8(ascii: ",")) {
      guard let equals = item.firstIndex(of: UInt8(ascii: "=")) else { continue }
      let value = item[item.index(after: equals)...]
      let key = item[..<equals].drop { $0 == UInt8(ascii: " ") }
      if key.elementsEqual("t".utf8) {
        guard timestamp == nil else { return .failure(Problem(reason: "more than one timestamp")) }
        guard let seconds = digits(value) else { return .failure(Problem(reason: "a timestamp that is no number")) }
        timestamp = (seconds, Array(value))
      } else if key.elementsEqual("v1".utf8) {
        sawSignature = true
        if let signature = hexadecimal(value) { signatures.append(signature) }
      }
    }
    guard let timestamp else { return .failure(Problem(reason: "no timestamp")) }
    guard sawSignature else { return .failure(Problem(reason: "no v1 signature")) }
    return .success(
      SignatureHeader(timestamp: timestamp.value, timestampBytes: timestamp.bytes, signatures: signatures))
  }

  private static func digits(_ bytes: ArraySlice<UInt8>) -> Int64? {
    guard !bytes.isEmpty else { return nil }
    var value: Int64 = 0
    for byte in bytes {
      guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
      let (shifted, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = shifted.addingReportingOverflow(Int64(byte - UInt8(ascii: "0")))
      guard !overflow, !carry else { return nil }
      value = sum
    }
    return value
  }

  private static func hexadecimal(_ bytes: ArraySlice<UInt8>) -> [UInt8]? {
    guard bytes.count == 2 * SHA256.byteCount else { return nil }
    var result: [UInt8] = []
    result.reserveCapacity(SHA256.byteCount)
    var high: UInt8?
    for byte in bytes {
      guard let digit = JSONScanner.hexDigit(byte) else { return nil }
      if let first = high {
        result.append(first << 4 | digit)
        high = nil
      } else {
        high = digit
      }
    }
    return result
  }
}
