import Crypto
import HTTPTypes
package import Hummingbird
package import Logging
package import Market
package import Postgres
import Store

/// The page behind the link that a customer's mail carries.
///
/// `GET` shows what was bought and a button; only `POST …/reveal` shows keys, because scanners of mail fetch every link
/// they see. Unknown and malformed tokens take the same work and get the same answer.
package struct OrderPages: Sendable {
  private let settings: PageSettings
  private let pool: PostgresPool
  private let reveal: KeyReveal
  private let limiter: RateLimiter
  private let clients: ClientAddressRule
  private let pages: PageRenderer
  private let telemetry: Telemetry
  private let logger: Logger

  /// Throws where the page's template cannot be parsed.
  package init(
    settings: PageSettings, pool: PostgresPool, vault: KeyVault, limiter: RateLimiter, clients: ClientAddressRule,
    telemetry: Telemetry, logger: Logger
  ) throws {
    self.settings = settings
    self.pool = pool
    self.limiter = limiter
    self.clients = clients
    self.telemetry = telemetry
    self.logger = logger
    reveal = KeyReveal(vault: vault)
    pages = try PageRenderer()
  }

  package func addRoutes(to router: Router<WebContext>, _ table: EndpointTable) {
    table.add(.orderPage, to: router) { await show($0.request, $0.context) }
    table.add(.reveal, to: router) { await revealKeys($0.request, $0.context) }
    table.add(.thanks, to: router) { call in
      let words = PageWords.of(acceptLanguage: call.request.headers[.acceptLanguage])
      return pages.message(words.thanks, words, status: .ok)
    }
    table.add(.cancelled, to: router) { call in
      let words = PageWords.of(acceptLanguage: call.request.headers[.acceptLanguage])
      return pages.message(words.cancelled, words, status: .ok)
    }
    table.add(.asset, to: router) { call in
      guard call.request.uri.path == pages.stylePath else { throw Problem.notFound }
      return pages.style()
    }
  }

  private func show(_ request: Request, _ context: WebContext) async -> Response {
    let words = PageWords.of(acceptLanguage: request.headers[.acceptLanguage])
    guard await allowsView(client(request, context)) else {
      return pages.message(words.limited, words, status: .tooManyRequests)
    }
    let token = Token(context)
    do {
      let found = try await pool.read { try OrderPageRead.page($0, tokenHash: token.hash) }
      guard let found else { return pages.message(words.unknown, words, status: .notFound) }
      return pages.order(found, token: token.text)
    } catch {
      logger.warning("an order page could not be read", metadata: ["error": "\(error)"])
      return pages.message(words.failed, words, status: .serviceUnavailable)
    }
  }

  private func revealKeys(_ request: Request, _ context: WebContext) async -> Response {
    let words = PageWords.of(acceptLanguage: request.headers[.acceptLanguage])
    let token = Token(context)
    let address = client(request, context)
    let isWithinLimit =
      await limiter.allows("reveal:\(Hex.encode(token.hash.prefix(12)))", perMinute: settings.revealsPerMinute)
    guard isWithinLimit, await allowsView(address) else {
      telemetry.count(Telemetry.RevealOutcome.limited)
      return pages.message(words.limited, words, status: .tooManyRequests)
    }
    let witness = KeyReveal.Witness(address: address?.text, agent: request.headers[.userAgent])
    do {
      switch try await pool.write({ try reveal.reveal($0, tokenHash: token.hash, by: witness) }) {
      case .unknown:
        telemetry.count(Telemetry.RevealOutcome.unknown)
        return pages.message(words.unknown, words, status: .notFound)
      case .refused(let order):
        telemetry.count(Telemetry.RevealOutcome.refused)
        var response = pages.order(order, token: token.text)
        response.status = .conflict
        return response
      case .shown(let order, let keys):
        telemetry.count(Telemetry.RevealOutcome.shown)
        logger.info("keys were shown", metadata: ["order": "\(order.number)", "keys": "\(keys.count)"])
        return pages.order(order, token: token.text, keys: keys)
      }
    } catch {
      telemetry.count(Telemetry.RevealOutcome.failed)
      logger.error("keys could not be shown", metadata: ["error": "\(error)"])
      return pages.message(words.failed, words, status: .serviceUnavailable)
    }
  }

  private func client(_ request: Request, _ context: WebContext) -> IPAddress? {
    clients.client(peer: context.peer, forwardedFor: request.headers[values: .xForwardedFor])
  }

  /// Programs on this machine are not counted: they are a proxy that names no client, or our own.
  private func allowsView(_ client: IPAddress?) async -> Bool {
    guard let client, !client.isLoopback else { return true }
    return await limiter.allows("page:\(client.clientKey)", perMinute: settings.viewsPerMinute)
  }

  /// What the path's last part is looked up by. One that is no token is looked up too, under a hash that no order has.
  private struct Token {
    let hash: [UInt8]
    let text: String

    init(_ context: WebContext) {
      let given = context.parameters.get("token") ?? ""
      if let token = OrderToken(given) {
        hash = token.storedHash
        text = token.text
      } else {
        hash = Array(SHA256.hash(data: Array("no token: \(given)".utf8)))
        text = ""
      }
    }
  }
}
