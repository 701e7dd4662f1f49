import Market

/// Chance that can be repeated: the same seed tells the same story. Never for secrets.
///
/// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, OOPSLA 2014).
struct DemoRandom: RandomNumberGenerator, Sendable {
  private var state: UInt64

  init(seed: UInt64) { state = seed &* 0x2545_F491_4F6C_DD1D &+ 0x9E37_79B9 }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// From 0 up to 1.
  mutating func fraction() -> Double { Double(next() >> 11) / 9_007_199_254_740_992 }

  mutating func chance(_ share: Double) -> Bool { fraction() < share }

  mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }

  /// One of them; `list` must not be empty.
  mutating func pick<T>(_ list: [T]) -> T { list[number(0...(list.count - 1))] }

  mutating func duration(_ range: ClosedRange<Duration>) -> Duration {
    let (low, high) = (range.lowerBound.wholeMicroseconds, range.upperBound.wholeMicroseconds)
    return .microseconds(Int64.random(in: low...high, using: &self))
  }

  /// An id of Stripe's form: the prefix and so many letters and digits.
  mutating func stripeID(_ prefix: String, _ length: Int) -> String {
    prefix + text(length, from: Self.alphanumeric)
  }

  /// `7KQ2M-XH4TR-9DWPL`: without letters and digits that look alike.
  mutating func key() -> String {
    (0..<3).map { _ in text(5, from: Self.keyLetters) }.joined(separator: "-")
  }

  mutating func text(_ length: Int, from letters: [UInt8]) -> String {
    String(decoding: (0..<length).map { _ in letters[number(0...(letters.count - 1))] }, as: UTF8.self)
  }

  static let alphanumeric = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)
  static let upperHex = Array("0123456789ABCDEF".utf8)
  private static let keyLetters = Array("ABCDEFGHJKLMNPQRSTUVWXYZ23456789".utf8)
}

extension Duration {
  static func minutes(_ count: Int) -> Duration { .seconds(60 * count) }
  static func hours(_ count: Int) -> Duration { .seconds(3_600 * count) }
  static func days(_ count: Int) -> Duration { .seconds(86_400 * count) }
}
