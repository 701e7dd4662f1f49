/// The fields of a dispute's evidence that digital goods have a use for, in the order in which they are shown.
///
/// Source: https://docs.stripe.com/api/disputes/evidence_object
package enum EvidenceField: String, CaseIterable, Sendable, Comparable {
  case customerName = "customer_name"
  case customerEmailAddress = "customer_email_address"
  case customerPurchaseIP = "customer_purchase_ip"
  case billingAddress = "billing_address"
  case productDescription = "product_description"
  case serviceDate = "service_date"
  case accessActivityLog = "access_activity_log"
  case uncategorizedText = "uncategorized_text"
  case refundPolicyDisclosure = "refund_policy_disclosure"
  case refundRefusalExplanation = "refund_refusal_explanation"
  case cancellationPolicyDisclosure = "cancellation_policy_disclosure"
  case cancellationRebuttal = "cancellation_rebuttal"
  case duplicateChargeID = "duplicate_charge_id"
  case duplicateChargeExplanation = "duplicate_charge_explanation"
  case receipt
  case customerCommunication = "customer_communication"
  case customerSignature = "customer_signature"
  case serviceDocumentation = "service_documentation"
  case duplicateChargeDocumentation = "duplicate_charge_documentation"
  case refundPolicy = "refund_policy"
  case cancellationPolicy = "cancellation_policy"
  case uncategorizedFile = "uncategorized_file"

  /// Whether it takes no text but the id of a file that was uploaded to Stripe, `file_…`.
  package var isFile: Bool {
    switch self {
    case .receipt, .customerCommunication, .customerSignature, .serviceDocumentation, .duplicateChargeDocumentation,
      .refundPolicy, .cancellationPolicy, .uncategorizedFile:
      true
    default: false
    }
  }

  /// In characters.
  package var limit: Int {
    switch self {
    case .accessActivityLog, .cancellationPolicyDisclosure, .cancellationRebuttal, .duplicateChargeExplanation,
      .productDescription, .refundPolicyDisclosure, .refundRefusalExplanation, .uncategorizedText:
      20_000
    case _ where isFile: 255
    default: 5_000
    }
  }

  /// How many characters all fields may have together.
  package static let totalLimit = 150_000

  package static func < (left: EvidenceField, right: EvidenceField) -> Bool { left.place < right.place }

  private var place: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}

/// What is to be told of a dispute: texts by field, each as Stripe takes it.
package struct Evidence: Hashable, Sendable {
  package private(set) var fields: [EvidenceField: String] = [:]

  package init() {}

  package subscript(field: EvidenceField) -> String? { fields[field] }

  package var isEmpty: Bool { fields.isEmpty }

  /// In characters, over all fields.
  package var length: Int { fields.values.reduce(0) { $0 + $1.unicodeScalars.count } }

  /// By Stripe's names.
  package var named: [String: String] {
    Dictionary(uniqueKeysWithValues: fields.map { ($0.key.rawValue, $0.value) })
  }

  /// Puts `text` into a field; an empty one takes it out. Refuses what Stripe would, and what no terminal should be
  /// given; nothing has changed then.
  package mutating func set(_ field: EvidenceField, to text: String) throws(EvidenceError) {
    if let problem = Self.problem(text, in: field) { throw EvidenceError("\(field.rawValue) \(problem)") }
    var changed = self
    changed.fields[field] = text.isEmpty ? nil : text
    guard changed.length <= EvidenceField.totalLimit else {
      throw EvidenceError("the evidence has \(changed.length) characters; Stripe takes \(EvidenceField.totalLimit)")
    }
    self = changed
  }

  /// Puts what is known into a field: cleaned, and cut where it is longer than the field. For texts made here.
  mutating func fill(_ field: EvidenceField, with text: String?) {
    guard let text, !text.isEmpty else { return }
    try? set(field, to: Self.cut(Self.cleaned(text), to: field.limit))
  }

  private static func problem(_ text: String, in field: EvidenceField) -> String? {
    if text.isEmpty { return nil }
    let count = text.unicodeScalars.count
    if count > field.limit { return "has \(count) characters; Stripe takes \(field.limit)" }
    if field.isFile {
      let name = text.utf8.dropFirst(5)
      let isWord = name.allSatisfy {
        (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x5F
      }
      return text.hasPrefix("file_") && !name.isEmpty && isWord
        ? nil : "names a file that was uploaded to Stripe: file_…"
    }
    for (index, scalar) in text.unicodeScalars.enumerated() where isRefused(scalar) {
      return "holds a control character at \(index + 1)"
    }
    return nil
  }

  /// Lines and tabs are allowed, unlike in other free text.
  private static func isRefused(_ scalar: Unicode.Scalar) -> Bool {
    scalar != "\n" && scalar != "\t" && SafeText.isRefused(scalar)
  }

  private static func cleaned(_ text: String) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars { result.append(isRefused(scalar) ? "\u{FFFD}" : scalar) }
    return String(result)
  }

  /// Whole lines of the text's beginning, as many as fit, and how many were left out.
  private static func cut(_ text: String, to limit: Int) -> String {
    guard text.unicodeScalars.count > limit else { return text }
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    // Room for the note.
    var left = limit - 60
    var kept = 0
    while kept < lines.count, lines[kept].unicodeScalars.count + 1 <= left {
      left -= lines[kept].unicodeScalars.count + 1
      kept += 1
    }
    guard kept > 0 else { return String(String.UnicodeScalarView(text.unicodeScalars.prefix(limit))) }
    return lines[..<kept].joined(separator: "\n") + "\n… \(lines.count - kept) more lines are left out"
  }
}

/// Why a text is no evidence.
package struct EvidenceError: Error, Hashable, Sendable, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }
}
