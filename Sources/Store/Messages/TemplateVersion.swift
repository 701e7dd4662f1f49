package import Market
package import Postgres

/// One version of a text that is sent, named by its content.
package struct TemplateVersion: Sendable, Hashable {
  package let key: String
  package let locale: String
  /// SHA-256 of the content, in hex.
  package let version: String
  package let content: String

  package init(key: String, locale: String, version: String, content: String) {
    self.key = key
    self.locale = locale
    self.version = version
    self.content = content
  }
}

/// Every version that anything was sent from, and since when.
package enum TemplateRegister {
  /// One version in the register.
  package struct Entry: Sendable, Equatable {
    package let template: TemplateVersion
    package let firstUsedAt: Instant
  }

  /// Enters versions, in the transaction that says that something was sent from them. Those that are in stay as they are.
  package static func enter(_ session: borrowing Session, _ versions: some Collection<TemplateVersion>) throws {
    if !versions.isEmpty { try session.execute(statement(versions)) }
  }

  static func statement(_ versions: some Collection<TemplateVersion>) -> SQL {
    // By version, so that two that enter the same ones at once do not wait for each other in a circle.
    let sorted = versions.sorted { $0.version < $1.version }
    return """
      INSERT INTO gkm.template (version, key, locale, content)
      SELECT * FROM unnest(
        \(sorted.map(\.version)), \(sorted.map(\.key)), \(sorted.map(\.locale)), \(sorted.map(\.content)))
      ON CONFLICT (version) DO NOTHING
      """
  }

  /// The register, by key and language, the newest version first.
  package static func entries(_ session: borrowing Session) throws -> [Entry] {
    try session.rows(
      """
      SELECT key, locale, version, content, first_used_at FROM gkm.template
      ORDER BY key, locale, first_used_at DESC, version
      """
    ) {
      Entry(
        template: TemplateVersion(
          key: try $0.string(0), locale: try $0.string(1), version: try $0.string(2), content: try $0.string(3)),
        firstUsedAt: try $0.instant(4))
    }
  }
}
