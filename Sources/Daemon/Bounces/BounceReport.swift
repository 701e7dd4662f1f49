import Crypto
import Market
import Store

/// Reads what came into the mailbox for bounces: delivery status notifications (RFC 3464), and the plain words of
/// servers that send none.
struct BounceReport: Sendable {
  /// Why a mail there is not a bounce of ours.
  enum Refusal: String, Error, CaseIterable, Sendable {
    /// It names no mail of ours, or names it without the code.
    case forged
    /// It says nothing of what became of the mail: an answer from a person or a machine.
    case unreadable
    case tooLarge = "too_large"
    /// There is no such mail here.
    case unknown
  }

  static let limitBytes = 1 << 20

  let vault: KeyVault
  /// The mailbox that bounces come into, without what a mail adds to it.
  let address: String

  func read(_ bytes: [UInt8]) throws(Refusal) -> Bounce {
    guard bytes.count <= Self.limitBytes else { throw .tooLarge }
    let mail = MIMEPart(bytes[...])
    guard let subject = recipients(mail).lazy.compactMap({ vault.bounceSubject(of: $0, base: address) }).first else {
      throw .forged
    }
    guard let finding = Self.report(mail) ?? Self.plain(mail) else { throw .unreadable }
    return Bounce(
      subject: subject, status: finding.status, isFinal: finding.isFinal,
      diagnostic: SafeText.cleaned(finding.diagnostic.oneLine, limit: 500), reporter: finding.reporter,
      digest: Hex.encode(Array(SHA256.hash(data: bytes))))
  }

  /// Whom it came to: the servers on its way say so in fields of their own, before the sender's `To`.
  private func recipients(_ mail: MIMEPart) -> [Substring] {
    let names: Set<String> = ["delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-rcpt-to", "to"]
    let values = mail.fields.filter { names.contains($0.name) }.prefix(20).map(\.value)
    return values.flatMap { $0.prefix(2_000).split { ",<> \t\"".contains($0) }.filter { $0.contains("@") }.prefix(20) }
  }

  struct Finding: Equatable {
    var status: String?
    var isFinal: Bool
    var diagnostic: String
    var reporter: String?
  }

  // MARK: RFC 3464

  private static func report(_ mail: MIMEPart) -> Finding? {
    guard let status = mail.parts.first(where: { $0.type == "message/delivery-status" }) else { return nil }
    // Groups of fields apart by blank lines: one about the message, then one for each recipient.
    let normal = status.content.replacing("\r\n", with: "\n").replacing("\r", with: "\n")
    let groups = normal.split(separator: "\n\n").prefix(50).map { MIMEPart(Array("\($0)\n\n".utf8)[...]) }
    let reporter = groups.lazy.compactMap { $0["reporting-mta"] }.first.map(Self.value)
    let findings: [Finding] = groups.compactMap { group in
      guard let action = group["action"]?.lowercased(), group["final-recipient"] ?? group["original-recipient"] != nil
      else { return nil }
      let isFinal = action.hasPrefix("failed")
      guard isFinal || action.hasPrefix("delayed") else { return nil }
      let code = group["status"].flatMap { $0.firstStatus }
      let diagnostic = group["diagnostic-code"].map(Self.value) ?? group["status"] ?? action
      return Finding(
        status: code ?? diagnostic.firstStatus, isFinal: isFinal, diagnostic: diagnostic, reporter: reporter)
    }
    return findings.first(where: \.isFinal) ?? findings.first
  }

  /// `550 no such user` for `smtp; 550 no such user`.
  private static func value(_ text: String) -> String {
    guard let semicolon = text.firstIndex(of: ";") else { return text }
    return String(text[text.index(after: semicolon)...]).trimmed
  }

  // MARK: Plain words

  /// From a server, not from a person: without a sender to answer to, or in the postmaster's name.
  private static func plain(_ mail: MIMEPart) -> Finding? {
    let origin = (mail["from"] ?? "").lowercased()
    let isServers =
      mail["return-path"]?.trimmed == "<>"
      || ["mailer-daemon", "postmaster"].contains { origin.contains($0) }
    let isAnswer = mail["auto-submitted"]?.lowercased().hasPrefix("auto-replied") == true
    let isRelayed = mail["x-failed-recipients"] != nil
    guard isServers && !isAnswer || isRelayed else { return nil }
    let first = mail.parts.first { $0.type.hasPrefix("text/") } ?? mail
    let lines = first.content.prefix(65_536).split { $0.isNewline }
    for (index, line) in lines.prefix(400).enumerated() {
      // What follows is the mail that came back, which may say anything.
      if line.lowercased().contains("copy of the message") || line.lowercased().hasPrefix("received:") { break }
      let words = String(line)
      guard let status = words.firstStatus ?? words.firstReply.map({ "\($0.first ?? "5").0.0" }) else { continue }
      let next = lines.dropFirst(index + 1).first.map { " " + String($0).trimmed } ?? ""
      return Finding(
        status: status, isFinal: status.first == "5" || isRelayed, diagnostic: words.trimmed + next, reporter: nil)
    }
    return isRelayed ? Finding(status: nil, isFinal: true, diagnostic: "the mail came back", reporter: nil) : nil
  }
}

extension String {
  /// The first enhanced status code (RFC 3463) of a failure in it: `5.1.1`.
  fileprivate var firstStatus: String? {
    firstMatch(of: /(?:^|[^0-9.])([45]\.[0-9]{1,3}\.[0-9]{1,3})(?![0-9.])/).map { String($0.1) }
  }

  /// The first SMTP reply code of a failure in it: `550`.
  fileprivate var firstReply: Substring? {
    firstMatch(of: /(?:^|[^0-9])([45][0-5][0-9])[ -]/).map(\.1)
  }

  /// Line ends and runs of blanks as one blank.
  fileprivate var oneLine: String { split { $0.isWhitespace || $0.isNewline }.joined(separator: " ") }
}
