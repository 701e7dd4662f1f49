import Testing

@testable import Stripe

@Suite("Webhook signatures")
struct SignatureTests {
  static let now: Int64 = 1_700_000_000
  static let body = Array(#"{"id":"evt_1"}"#.utf8)
  static let signature = SignatureSigner(secret: "whsec_market").signature(body: body, timestamp: now)
  static let other = SignatureSigner(secret: "whsec_other").signature(body: body, timestamp: now)
  let verifier = SignatureVerifier(secrets: ["whsec_market"])

  @Test(
    "The signer makes what OpenSSL makes",
    arguments: [
      (Array(#"{"id":"evt_1"}"#.utf8), "56df3a6ba882c99291a38f9c6595bb5472c45793f71f85102e5e7662ec592d45"),
      ([0xFF, 0x00, 0xFE], "ea84f1e0023d0636da24b0e6bdfd4d00fafa302e3e8c58f00e0648069a3cc3d0"),
      ([], "78b5f6faf11992c7940da1ffe4391cc0e9ca4d5c323ac8a5a433b63d532e4888"),
    ] as [([UInt8], String)])
  func knownAnswers(body: [UInt8], expected: String) {
    let signer = SignatureSigner(secret: "whsec_market")
    #expect(signer.signature(body: body, timestamp: Self.now) == expected)
    let header = signer.header(body: body, timestamp: Self.now)
    #expect(verifier.verify(header: header, body: body, now: Self.now) == .valid(secret: 0, timestamp: Self.now))
  }

  /// A header, and what is to be made of it.
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var header: String
    var expected: SignatureCheck
    var testDescription: String { name }
  }

  static let cases: [Case] = [
    Case(name: "right", header: "t=\(now),v1=\(signature)", expected: .valid(secret: 0, timestamp: now)),
    Case(name: "other order", header: "v1=\(signature),t=\(now)", expected: .valid(secret: 0, timestamp: now)),
    Case(name: "spaces after commas", header: "t=\(now), v1=\(signature)", expected: .valid(secret: 0, timestamp: now)),
    Case(
      name: "several v1, the last right", header: "t=\(now),v1=\(other),v1=\(signature)",
      expected: .valid(secret: 0, timestamp: now)),
    Case(
      name: "several v1, the first right", header: "t=\(now),v1=\(signature),v1=\(other)",
      expected: .valid(secret: 0, timestamp: now)),
    Case(
      name: "v0 beside", header: "t=\(now),v1=\(signature),v0=\(other)", expected: .valid(secret: 0, timestamp: now)),
    Case(
      name: "unknown schemes beside", header: "x,t=\(now),v2=zz,v1=\(signature),=,==",
      expected: .valid(secret: 0, timestamp: now)),
    Case(name: "right only as v0", header: "t=\(now),v1=\(other),v0=\(signature)", expected: .noMatch),
    Case(name: "v0 alone", header: "t=\(now),v0=\(signature)", expected: .malformed(reason: "no v1 signature")),
    Case(name: "another secret's", header: "t=\(now),v1=\(other)", expected: .noMatch),
    Case(name: "another time's", header: "t=\(now + 1),v1=\(signature)", expected: .noMatch),
    Case(name: "time with a leading zero", header: "t=0\(now),v1=\(signature)", expected: .noMatch),
    Case(name: "cut short", header: "t=\(now),v1=\(signature.dropLast())", expected: .noMatch),
    Case(name: "grown longer", header: "t=\(now),v1=\(signature)0", expected: .noMatch),
    Case(name: "no hexadecimal", header: "t=\(now),v1=\(String(repeating: "g", count: 64))", expected: .noMatch),
    Case(name: "empty v1", header: "t=\(now),v1=", expected: .noMatch),
    Case(name: "empty", header: "", expected: .missing),
    Case(name: "no time", header: "v1=\(signature)", expected: .malformed(reason: "no timestamp")),
    Case(name: "no signature", header: "t=\(now)", expected: .malformed(reason: "no v1 signature")),
    Case(
      name: "words for a time", header: "t=soon,v1=\(signature)",
      expected: .malformed(reason: "a timestamp that is no number")),
    Case(
      name: "a negative time", header: "t=-5,v1=\(signature)",
      expected: .malformed(reason: "a timestamp that is no number")),
    Case(
      name: "a time beyond 64 bits", header: "t=99999999999999999999,v1=\(signature)",
      expected: .malformed(reason: "a timestamp that is no number")),
    Case(
      name: "an empty time", header: "t=,v1=\(signature)",
      expected: .malformed(reason: "a timestamp that is no number")),
    Case(
      name: "two times", header: "t=\(now),t=\(now),v1=\(signature)",
      expected: .malformed(reason: "more than one timestamp")),
    Case(name: "noise", header: ",,,;=\u{0}\u{FFFD}", expected: .malformed(reason: "no timestamp")),
    Case(
      name: "huge", header: "t=\(now)," + String(repeating: "v1=\(other),", count: 10_000),
      expected: .malformed(reason: "longer than 4096 bytes")),
  ]

  @Test("Every header gets its own verdict", arguments: cases)
  func verdicts(_ test: Case) {
    #expect(verifier.verify(header: test.header, body: Self.body, now: Self.now) == test.expected)
  }

  @Test("No header at all is missing")
  func missing() {
    #expect(verifier.verify(header: nil, body: Self.body, now: Self.now) == .missing)
  }

  @Test("A rolled secret is as good as its successor, and the verdict tells which it was")
  func rotation() {
    let both = SignatureVerifier(secrets: ["whsec_new", "", "whsec_market"])
    let header = "t=\(Self.now),v1=\(Self.other),v1=\(Self.signature)"
    #expect(both.verify(header: header, body: Self.body, now: Self.now) == .valid(secret: 1, timestamp: Self.now))
  }

  @Test("Without secrets nothing is valid", arguments: [[], [""]])
  func noSecrets(secrets: [String]) {
    let header = "t=\(Self.now),v1=\(Self.signature)"
    #expect(SignatureVerifier(secrets: secrets).verify(header: header, body: Self.body, now: Self.now) == .noMatch)
  }

  @Test(
    "Time may be off by 300 seconds either way",
    arguments: [
      (0, nil), (300, nil), (-300, nil), (301, .tooOld(seconds: 301)), (-301, .tooNew(seconds: 301)),
      (600, .tooOld(seconds: 600)), (-600, .tooNew(seconds: 600)),
    ] as [(Int64, SignatureCheck?)])
  func tolerance(late: Int64, verdict: SignatureCheck?) {
    let header = "t=\(Self.now),v1=\(Self.signature)"
    let check = verifier.verify(header: header, body: Self.body, now: Self.now + late)
    #expect(check == verdict ?? .valid(secret: 0, timestamp: Self.now))
  }

  @Test("Age is spoken of only where the signature is right")
  func forgeriesHaveNoAge() {
    let header = "t=\(Self.now),v1=\(Self.other)"
    #expect(verifier.verify(header: header, body: Self.body, now: Self.now + 9999) == .noMatch)
  }

  @Test("The ends of time do not trap")
  func extremes() {
    let signer = SignatureSigner(secret: "whsec_market")
    let header = signer.header(body: [], timestamp: .max)
    #expect(verifier.verify(header: header, body: [], now: .min) == .tooNew(seconds: .max))
    #expect(verifier.verify(header: header, body: [], now: 0) == .tooNew(seconds: .max))
    #expect(verifier.verify(header: "t=0,v1=\(Self.other)", body: [], now: .min) == .noMatch)
  }

  @Test("One flipped bit of the body, anywhere, is noticed")
  func flippedBits() {
    let header = "t=\(Self.now),v1=\(Self.signature)"
    for index in Self.body.indices {
      for bit in 0..<8 {
        var body = Self.body
        body[index] ^= 1 << UInt8(bit)
        #expect(verifier.verify(header: header, body: body, now: Self.now) == .noMatch)
      }
    }
  }

  @Test("Random bytes as header and body neither trap nor pass")
  func noise() {
    var generator = Seeded(1)
    for _ in 0..<5000 {
      let header = (0..<Int.random(in: 0...120, using: &generator)).map { _ in
        Bool.random(using: &generator)
          ? UInt8.random(in: 0...255, using: &generator) : Array("t=v1,0a".utf8).randomElement(using: &generator)!
      }
      let check = verifier.verify(headerBytes: header, body: header, now: Self.now)
      #expect(!check.isValid)
    }
  }
}

/// SplitMix64: the same numbers for the same seed.
struct Seeded: RandomNumberGenerator {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var bits = state
    bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
    return bits ^ (bits >> 31)
  }
}
