import Market
import Messages
import Outbound
import Testing

@testable import Daemon
@testable import Store

@Suite struct KeyMailTests {
  private let vault: KeyVault

  init() throws { vault = KeyVault(master: try MasterKey([UInt8](repeating: 3, count: 32))) }

  private func delivery(name: String?, locale: String = "en", units: Int = 1, title: String = "Rust & Lantern")
    -> PreparedDelivery
  {
    PreparedDelivery(
      job: JobID(1), lease: Lease(for: .seconds(12)), delivery: DeliveryID(1), attempt: 1,
      preparedAt: Instant(unixSeconds: 0), attemptInRound: 1, order: OrderID(7), orderNumber: "GK-1234-5678-90",
      paidAt: nil, tokenGeneration: 1, unit: OrderUnitID(9), position: 1, unitsTotal: units, vendor: VendorID(1),
      email: "buyer@example.com", name: name, locale: locale, title: title, platform: "Steam",
      messageID: "<unit-9.ab@shop.example>",
      place: SealedUnitPlace(unit: StockUnitID(1), vendor: VendorID(1), product: ProductID(1)),
      dataKey: DataKeyID(1), sealed: SealedUnit(nonce: [], ciphertext: []))
  }

  private func mail(_ delivery: PreparedDelivery, includesKey: Bool = true) throws -> String {
    let settings = KeyMailSettings(
      sender: .init(name: "Shop", address: "keys@shop.example"), publicURL: "https://shop.example",
      includesKey: includesKey, templates: try MessageTemplates(shop: "Shop"))
    let envelope = try KeyMail(settings, vault: vault).compose(
      delivery, key: Array("AAAA-BBBB".utf8), at: Instant(unixSeconds: 1_767_225_600))
    return String(decoding: envelope.message, as: UTF8.self)
  }

  @Test func theMailSaysWhatWasBoughtAndWhereToLook() throws {
    let mail = try mail(delivery(name: "Ann", units: 2))
    #expect(mail.contains("Date: Thu, 01 Jan 2026 00:00:00 +0000\r\n"))
    #expect(mail.contains("Message-ID: <unit-9.ab@shop.example>\r\n"))
    #expect(mail.contains("To: Ann <buyer@example.com>\r\n"))
    #expect(mail.contains("Subject: Your key for Rust & Lantern (order GK-1234-5678-90)\r\n"))
    #expect(mail.contains("Hello Ann,"))
    #expect(mail.contains("1 of 2"))
    #expect(mail.contains("AAAA-BBBB"))
    #expect(mail.contains("https://shop.example/o/\(vault.token(order: OrderID(7), generation: 1).text)"))
    #expect(mail.contains("Rust &amp; Lantern"))
    #expect(!mail.replacing("\r\n", with: "").contains("\n"))
  }

  @Test func theKeyStaysOutWhereTheSettingsSaySo() throws {
    #expect(!(try mail(delivery(name: nil), includesKey: false)).contains("AAAA-BBBB"))
  }

  @Test func namesOfAnyScriptAreEncodedWords() throws {
    let mail = try mail(delivery(name: "田中 美咲", locale: "es-MX", title: "桜の塔"))
    #expect(mail.contains("To: =?utf-8?B?"))
    #expect(mail.contains("Subject: =?utf-8?B?"))
    #expect(mail.contains("Content-Language: es\r\n"))
    #expect(mail.contains("Content-Transfer-Encoding: quoted-printable"))
    #expect(mail.utf8.allSatisfy { $0 < 0x80 })
    #expect(mail.split(separator: "\r\n").allSatisfy { $0.utf8.count <= 78 })
  }

  @Test func nothingInANameCanAddAHeader() throws {
    let mail = try mail(delivery(name: "Eve\r\nBcc: everyone@example.com"))
    let header = mail.split(separator: "\r\n\r\n", maxSplits: 1)[0]
    #expect(!header.contains("\r\nBcc:"))
  }

  @Test func twoPartsEndWithTheirBoundary() {
    let message = MailMessage(
      from: .init(address: "a@example.com"), to: .init(address: "b@example.com"), subject: "s", messageID: "<1@x>",
      date: Instant(unixSeconds: 0), language: "en", text: "hi\n.\nbye\n", html: "<p>hi</p>", boundary: "BB")
    let text = String(decoding: message.bytes, as: UTF8.self)
    #expect(text.components(separatedBy: "--BB\r\n") == 3)
    #expect(text.hasSuffix("--BB--\r\n"))
  }

  @Test func retriesComeAtOnceFirstAndSeldomLater() {
    let waits = (1...9).map { RetrySchedule.delay(afterAttempt: $0, jitter: 0.5) }
    #expect(waits.prefix(3) == [.seconds(1), .seconds(3), .seconds(8)])
    #expect(waits[8] == .seconds(600))
  }
}

extension String {
  fileprivate func components(separatedBy separator: String) -> Int { ranges(of: separator).count + 1 }
}
