import Market
import Store
import Testing

@testable import Daemon

@Suite("Reports of undelivered mail")
struct BounceReportTests {
  static let base = "bounces@shop.example"
  private let vault: KeyVault
  private let report: BounceReport
  private let to: String

  init() throws {
    vault = KeyVault(master: try MasterKey([UInt8](repeating: 3, count: 32)))
    report = BounceReport(vault: vault, address: Self.base)
    to = vault.bounceAddress(.delivery(DeliveryID(71)), base: Self.base)
  }

  @Test(arguments: [
    (BounceSamples.postfix, "5.1.1", true, true, "550 5.1.1 <ann@example.com>: Recipient address rejected"),
    (BounceSamples.delayed, "4.4.1", false, false, "connect to mx.example.com"),
    (BounceSamples.exim, "5.2.2", true, true, "552 5.2.2 Mailbox size limit exceeded"),
    (BounceSamples.gmail, "5.1.1", true, true, "550-5.1.1 The email account that you tried to reach does not exist."),
    (BounceSamples.exchange, "4.4.7", true, false, "550 4.4.7 QUEUE.Expired; message expired in unreachable"),
  ])
  func serversSayWhatBecameOfIt(sample: String, status: String, isFinal: Bool, isHard: Bool, words: String) throws {
    for ending in ["\n", "\r\n"] {
      let bytes = BounceSamples.make(sample.replacing("\n", with: "\n"), to: to)
      let text = String(decoding: bytes, as: UTF8.self).replacing("\n", with: ending)
      let bounce = try report.read(Array(text.utf8))
      #expect(bounce.subject == .delivery(DeliveryID(71)))
      #expect(bounce.status == status)
      #expect(bounce.isFinal == isFinal)
      #expect(bounce.isHard == isHard)
      #expect(bounce.diagnostic.contains(words), "\(bounce.diagnostic)")
      #expect(SafeText.isSafe(bounce.diagnostic))
    }
  }

  @Test func anAnswerOfAPersonIsNoBounce() {
    #expect(throws: BounceReport.Refusal.unreadable) {
      try report.read(BounceSamples.make(BounceSamples.vacation, to: to))
    }
  }

  @Test func withoutTheCodeItIsNobodys() {
    let forged = [
      "bounces+d71.0000000000000000@shop.example", "bounces+d71@shop.example", "bounces@shop.example",
      to.replacing("+d71.", with: "+d72."), to.replacing("+d71.", with: "+n71."), to.replacing("+d71.", with: "+d071."),
      to.replacing("shop.example", with: "shop.example.net"), "x" + to, "bounces+d99999999999999999999.00@shop.example",
    ]
    for address in forged {
      #expect(throws: BounceReport.Refusal.forged, "\(address)") {
        try report.read(BounceSamples.make(BounceSamples.postfix, to: address))
      }
    }
  }

  @Test func aCodeIsKnownInWhateverCaseItCame() {
    #expect(vault.bounceSubject(of: to.uppercased(), base: Self.base) == .delivery(DeliveryID(71)))
    let notice = vault.bounceAddress(.notice(NoticeID(5)), base: Self.base)
    #expect(vault.bounceSubject(of: notice, base: Self.base) == .notice(NoticeID(5)))
    #expect(notice.split(separator: "@")[0].utf8.count <= 64)
  }

  @Test func hostileReportsAreRefusedAndNothingMore() {
    let real = BounceSamples.make(BounceSamples.postfix, to: to)
    var hostile: [[UInt8]] = [
      [], [0], [UInt8](repeating: 0, count: 4_096), [UInt8](repeating: 0xFF, count: 4_096),
      Array("Delivered-To: \(to)".utf8),
      Array("Delivered-To: \(to)\nContent-Type: multipart/report; boundary=\n\n--\n--\n".utf8),
      Array("Delivered-To: \(to)\nContent-Type: multipart/report; boundary=\"x\n\n--x\n".utf8),
      Array(("Delivered-To: \(to)\n" + String(repeating: "X: y\n", count: 50_000)).utf8),
      Array("Delivered-To: \(to)\nContent-Type: multipart/report; boundary=b\n\n".utf8)
        + Array(String(repeating: "--b\n", count: 50_000).utf8),
      [UInt8](repeating: UInt8(ascii: "a"), count: BounceReport.limitBytes + 1),
    ]
    for length in stride(from: 0, to: real.count, by: 37) { hostile.append(Array(real.prefix(length))) }
    var random = SystemRandomNumberGenerator()
    for _ in 0..<200 {
      var bytes = real
      for _ in 0..<20 { bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255) }
      hostile.append(bytes)
    }
    for bytes in hostile {
      do throws(BounceReport.Refusal) {
        let bounce = try report.read(bytes)
        // What is still readable speaks of the same mail, and is clean.
        #expect(bounce.subject == .delivery(DeliveryID(71)))
        #expect(SafeText.isSafe(bounce.diagnostic) && bounce.diagnostic.unicodeScalars.count <= 500)
      } catch {
        #expect(BounceReport.Refusal.allCases.contains(error))
      }
    }
  }
}
