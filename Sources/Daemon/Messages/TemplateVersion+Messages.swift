import Messages
import Store

extension TemplateVersion {
  /// As the register names a template.
  init(_ template: MessageTemplate) {
    self.init(
      key: template.id.key.rawValue, locale: template.id.locale, version: template.version, content: template.content)
  }
}

extension MessageTemplates {
  /// The register's entry of the template that a message was rendered from.
  func registered(_ key: TemplateKey, _ message: RenderedMessage) -> TemplateVersion? {
    guard let template = template(key, locale: message.locale), template.version == message.version else { return nil }
    return TemplateVersion(template)
  }
}
