import HTTPTypes
import Hummingbird
import Logging
import Market
import Messages
import Store

/// The pages on which a customer who lost the link proves an address and finds its orders.
struct LookupPages: Sendable {
  let lookup: AddressLookup
  let settings: PageSettings
  let pages: PageRenderer
  let guardian: RateGuard
  let budget: BodyBudget
  let bodyTimeout: Duration
  let logger: Logger

  private static let bodyLimitBytes = 4 << 10

  func addRoutes(to router: Router<WebContext>, _ table: EndpointTable) {
    table.add(.askLookup, to: router) { ask(words($0), problem: nil, status: .ok) }
    table.add(.lookup, to: router) { call in
      await guarded(call) { words in
        let address = (try await form(call)["email"] ?? "").trimmed
        guard EmailAddress.isValid(address) else {
          return ask(words, problem: LookupWords.of(words).noAddress, status: .unprocessableContent)
        }
        return sent(words, try await lookup.request(address).text, problem: nil, status: .ok)
      }
    }
    table.add(.lookupCode, to: router) { call in
      await guarded(call) { words in
        let form = try await form(call)
        let request = form["request"] ?? ""
        guard let orders = try await lookup.orders(request, code: form["code"] ?? "") else {
          return sent(words, request, problem: LookupWords.of(words).wrongCode, status: .forbidden)
        }
        logger.info("an address was proven", metadata: ["orders": "\(orders.count)"])
        return found(words, orders)
      }
    }
  }

  private func words(_ call: Call) -> PageWords { PageWords.of(acceptLanguage: call.request.headers[.acceptLanguage]) }

  /// Within the client's limit, and with a page for whatever goes wrong.
  private func guarded(_ call: Call, _ answer: (PageWords) async throws -> Response) async -> Response {
    let words = words(call)
    do {
      try await guardian.admit(call, "lookup", perMinute: settings.lookupsPerMinute)
      return try await answer(words)
    } catch let problem as Problem {
      let message = problem.status == 429 ? words.limited : words.failed
      var response = pages.message(message, words, status: HTTPResponse.Status(code: problem.status))
      if let seconds = problem.retryAfter { response.headers[.retryAfter] = String(seconds) }
      // What is left of a body that is too large or too slow is not read.
      if problem.closesConnection { response.closeAfterwards() }
      return response
    } catch {
      logger.warning("a lookup failed", metadata: ["error": "\(error)"])
      return pages.message(words.failed, words, status: .serviceUnavailable)
    }
  }

  private func form(_ call: Call) async throws -> [String: String] {
    let body = try await call.request.withBody(
      limitBytes: Self.bodyLimitBytes, timeout: bodyTimeout, budget: budget
    ) { $0 }
    return FormBody.read(body)
  }

  private func ask(_ words: PageWords, problem: String?, status: HTTPResponse.Status) -> Response {
    let own = LookupWords.of(words)
    var fields = frame(words, own.ask, problem)
    fields["asks_address"] = true
    fields["email_label"] = .text(own.email)
    fields["button"] = .text(own.send)
    return pages.page(fields, status: status, pages.lookupTemplate)
  }

  private func sent(_ words: PageWords, _ request: String, problem: String?, status: HTTPResponse.Status) -> Response {
    let own = LookupWords.of(words)
    var fields = frame(words, own.sent, problem)
    fields["request"] = .text(String(request.prefix(64)))
    fields["code_label"] = .text(own.code)
    fields["button"] = .text(own.show)
    fields["again"] = .text(own.again)
    return pages.page(fields, status: status, pages.lookupTemplate)
  }

  private func found(_ words: PageWords, _ orders: [AddressLookup.Found]) -> Response {
    var fields = frame(words, LookupWords.of(words).found, nil)
    fields["has_orders"] = true
    fields["orders"] = .list(
      orders.map { found in
        [
          "link": .text(found.page), "number": .text(found.order.number), "what": .text(found.order.title),
          "amount": "\(found.order.amount)", "created": .text(found.order.createdAt.rfc3339),
          "day": .text(String(found.order.createdAt.rfc3339.prefix(10))),
        ]
      })
    return pages.page(fields, status: .ok, pages.lookupTemplate)
  }

  private func frame(_ words: PageWords, _ message: PageMessage, _ problem: String?) -> TemplateValues {
    var fields = pages.frame(words, title: message.heading)
    fields["heading"] = .text(message.heading)
    fields["lead"] = .text(message.lead)
    if let problem { fields["problem"] = .text(problem) }
    return fields
  }
}

/// The fields of a form as browsers send them (application/x-www-form-urlencoded).
enum FormBody {
  private static let limit = 20

  static func read(_ body: [UInt8]) -> [String: String] {
    var fields: [String: String] = [:]
    for pair in body.split(separator: UInt8(ascii: "&")).prefix(limit) {
      let sides = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = sides.first, sides.count == 2 else { continue }
      fields[text(name)] = text(sides[1])
    }
    return fields
  }

  private static func text(_ bytes: ArraySlice<UInt8>) -> String {
    var out: [UInt8] = []
    var rest = bytes
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"), rest.count >= 2,
        let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
      {
        out.append(value)
        rest = rest.dropFirst(2)
      } else {
        out.append(byte == UInt8(ascii: "+") ? 0x20 : byte)
      }
    }
    return String(decoding: out, as: UTF8.self)
  }
}
