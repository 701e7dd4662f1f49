import Glibc
import Market
import TestSupport
import Testing

@Suite("Secrets are compared in a time that tells nothing") struct ConstantTimeTests {
  @Test("Every bit of every byte counts, and so does the length")
  func everyBit() {
    let secret = (0..<32).map { UInt8($0 &* 7 &+ 1) }
    #expect(ConstantTime.equal(secret, secret) && ConstantTime.equal([], []))
    for index in secret.indices {
      for bit in 0..<8 {
        var other = secret
        other[index] ^= 1 << bit
        #expect(!ConstantTime.equal(secret, other), "byte \(index), bit \(bit)")
      }
    }
    #expect(!ConstantTime.equal(secret, Array(secret.dropLast())))
    #expect(!ConstantTime.equal(secret, secret + [0]))
  }

  /// The processor's time that the fastest of many rounds takes, in nanoseconds.
  private func time(_ body: () -> Bool) -> Int {
    (0..<40).map { _ in
      let start = now()
      _ = body()
      return now() - start
    }.min() ?? 0
  }

  private func now() -> Int {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
  }

  @Test("It takes as long where the first byte differs as where the last does; a comparison that stops there does not")
  func time() {
    let secret = [UInt8](repeating: 7, count: 40_000)
    var (first, last) = (secret, secret)
    first[0] = 8
    last[last.count - 1] = 8
    func stops(_ left: [UInt8], _ right: [UInt8]) -> Bool {
      for index in left.indices where left[index] != right[index] { return false }
      return true
    }
    let early = time { stops(secret, first) }
    let late = time { stops(secret, last) }
    #expect(late > 3 * early, "what is looked for is seen: \(early) ns, \(late) ns")
    let ours = [first, last, secret].map { other in time { ConstantTime.equal(secret, other) } }
    #expect((ours.max() ?? 0) * 2 < 3 * (ours.min() ?? 0), "\(ours) ns")
  }

  @Test("Nothing else compares a signature, a token or a code")
  func usedEverywhere() throws {
    for (file, words) in [
      ("Stripe/SignatureVerifier.swift", "ConstantTime.equal(candidate, expected)"),
      ("Market/Vault/OrderToken.swift", "ConstantTime.equal(hash, storedHash)"),
      ("Market/Vault/AddressCode.swift", "ConstantTime.equal(typed, own)"),
    ] {
      #expect(try TextFile.read("\(TestRun.checkout)/Sources/\(file)").contains(words), "\(file)")
    }
  }
}
