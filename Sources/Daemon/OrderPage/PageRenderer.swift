import Crypto
import HTTPTypes
import Hummingbird
import Market
import Mustache
import Store

/// Makes the pages that customers see. The template escapes whatever it is given.
struct PageRenderer: Sendable {
  private let template: MustacheTemplate
  let styleSheet: [UInt8]
  let stylePath: String

  /// Throws where the template, which is part of the program, cannot be parsed.
  init() throws {
    template = try MustacheTemplate(string: String(decoding: PackageResources.order_html, as: UTF8.self))
    styleSheet = PackageResources.order_css
    // Named by its content, so that it may be kept for ever.
    stylePath = "/assets/" + Hex.encode(Array(SHA256.hash(data: styleSheet)).prefix(8)) + ".css"
  }

  /// A page that is about no order.
  func message(_ message: PageMessage, _ words: PageWords, status: HTTPResponse.Status) -> Response {
    var fields = frame(words, title: message.heading)
    fields["heading"] = message.heading
    fields["lead"] = message.lead
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
    fields["number"] = order.number
    fields["heading"] = message.heading
    fields["lead"] = message.lead
    fields["has_keys"] = !keys.isEmpty
    fields["keys"] = keys.map { ["name": $0.title, "platform": $0.platform, "key": $0.key] }
    fields["can_reveal"] = keys.isEmpty && order.isRevealable
    fields["reveal_path"] = "/o/\(token)/reveal"
    fields["button"] = order.readyUnits == 1 ? words.showOne : words.showMany
    fields["has_lines"] = true
    fields["lines"] = order.lines.map {
      ["name": $0.title, "platform": $0.platform, "quantity": String($0.quantity), "price": $0.total.description]
    }
    fields["total"] = order.amount.description
    fields["created"] = order.createdAt.rfc3339
    fields["created_text"] = order.createdAt.pageText
    return page(fields, status: .ok)
  }

  private func frame(_ words: PageWords, title: String) -> [String: Any] {
    [
      "lang": words.language, "title": title, "style": stylePath,
      "words": [
        "order": words.order, "keys": words.keys, "select": words.select, "recorded": words.recorded,
        "summary": words.summary, "total": words.total, "footer": words.footer,
      ],
      "has_keys": false, "can_reveal": false, "has_lines": false, "number": false,
    ]
  }

  private func page(_ fields: [String: Any], status: HTTPResponse.Status) -> Response {
    var response = Response.bytes(
      Array(template.render(fields).utf8), type: "text/html; charset=utf-8", status: status)
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
