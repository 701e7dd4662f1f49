import Crypto
import HTTPTypes
import Hummingbird
import Market
import Messages
import Store

/// Makes the pages that customers see. The template escapes whatever it is given.
struct PageRenderer: Sendable {
  private let template: TemplateText
  let lookupTemplate: TemplateText
  let styleSheet: [UInt8]
  let stylePath: String

  /// Throws where the template, which is part of the program, cannot be parsed.
  init() throws {
    template = try TemplateText(String(decoding: PackageResources.order_html, as: UTF8.self), .html)
    lookupTemplate = try TemplateText(String(decoding: PackageResources.lookup_html, as: UTF8.self), .html)
    styleSheet = PackageResources.order_css
    // Named by its content, so that it may be kept for ever.
    stylePath = "/assets/" + Hex.encode(Array(SHA256.hash(data: styleSheet)).prefix(8)) + ".css"
  }

  /// A page that is about no order.
  func message(_ message: PageMessage, _ words: PageWords, status: HTTPResponse.Status) -> Response {
    var fields = frame(words, title: message.heading)
    // Whoever has no link that works can ask for one.
    if status == .notFound { fields["find_orders"] = .text(LookupWords.of(words).find) }
    fields["heading"] = .text(message.heading)
    fields["lead"] = .text(message.lead)
    return page(fields, status: status)
  }

  /// An order's page: with its keys if they were revealed just now, else with the button if they may be.
  func order(_ order: OrderPageView, token: String, keys: [RevealedKey] = []) -> Response {
    let words = PageWords.of(locale: order.locale)
    let message =
      !keys.isEmpty
      ? words.revealed
      : order.isRevealable ? words.ready : order.state.allowsReveal ? words.preparing : words.message(for: order.state)
    var fields = frame(words, title: "\(words.order) \(order.number)")
    fields["number"] = .text(order.number)
    fields["heading"] = .text(message.heading)
    fields["lead"] = .text(message.lead)
    fields["has_keys"] = .flag(!keys.isEmpty)
    fields["keys"] = .list(
      keys.map { ["name": .text($0.title), "platform": .text($0.platform), "key": .text($0.key)] })
    fields["can_reveal"] = .flag(keys.isEmpty && order.isRevealable)
    fields["reveal_path"] = "/o/\(token)/reveal"
    fields["button"] = .text(order.readyUnits == 1 ? words.showOne : words.showMany)
    fields["has_lines"] = true
    fields["lines"] = .list(
      order.lines.map {
        [
          "name": .text($0.title), "platform": .text($0.platform), "quantity": "\($0.quantity)",
          "price": "\($0.total)",
        ]
      })
    fields["total"] = "\(order.amount)"
    fields["created"] = .text(order.createdAt.rfc3339)
    fields["created_text"] = .text(order.createdAt.pageText)
    return page(fields, status: .ok)
  }

  func frame(_ words: PageWords, title: String) -> TemplateValues {
    [
      "lang": .text(words.language), "title": .text(title), "style": .text(stylePath),
      "words.order": .text(words.order), "words.keys": .text(words.keys), "words.select": .text(words.select),
      "words.recorded": .text(words.recorded), "words.summary": .text(words.summary),
      "words.total": .text(words.total), "words.footer": .text(words.footer),
    ]
  }

  func page(_ fields: TemplateValues, status: HTTPResponse.Status, _ other: TemplateText? = nil) -> Response {
    var response = Response.bytes(
      Array((other ?? template).render(fields).utf8), type: "text/html; charset=utf-8", status: status)
    response.headers[.contentSecurityPolicy] =
      "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    response.headers[.referrerPolicy] = "no-referrer"
    response.headers[.xFrameOptions] = "DENY"
    response.headers[.crossOriginOpenerPolicy] = "same-origin"
    response.headers[.permissionsPolicy] = "camera=(), geolocation=(), microphone=(), payment=()"
    response.headers[.xRobotsTag] = "noindex, nofollow, noarchive"
    response.headers[.cacheControl] = "no-store, private"
    return response
  }

  /// The style sheet, which holds nothing of anybody.
  func style() -> Response {
    var response = Response.bytes(styleSheet, type: "text/css; charset=utf-8")
    response.headers[.cacheControl] = "public, max-age=31536000, immutable"
    return response
  }
}

extension Instant {
  /// `2026-03-01 12:00 UTC`
  fileprivate var pageText: String {
    let text = rfc3339
    return text.prefix(10) + " " + text.dropFirst(11).prefix(5) + " UTC"
  }
}
