import HTTPTypes
import Hummingbird

/// The pages a browser sees: the hosted checkout at a session's `url`, and a word in place of the customer portal.
extension Simulator {
  func addPages(to router: Router<BasicRequestContext>) {
    router.get("/c/pay/:id") { _, context in
      self.checkoutPage(context.parameters.get("id") ?? "", notice: nil)
    }
    router.post("/c/pay/:id") { request, context in
      await self.takePage(context.parameters.get("id") ?? "", request)
    }
    router.get("/p/session/:id") { _, _ in
      Self.page("Customer portal", "<p>A stand-in: Stripe would show receipts and payment methods here.</p>")
    }
    router.get("/") { _, _ in
      Self.page("stripesim", "<p>A stand-in for Stripe. The API is under <code>/v1</code>.</p>")
    }
  }

  private func takePage(_ id: String, _ request: Request) async -> Response {
    do {
      let form = try await form(request)
      let payment = try Self.payment(form)
      let session = try transact { (state) throws(APIError) in try state.pay(id, payment, now: Self.now()) }
      if case .declined = payment.outcome { return checkoutPage(id, notice: "Your card was declined. Try another.") }
      let target = session.successURL.replacing("{CHECKOUT_SESSION_ID}", with: session.id)
      return Response(status: .seeOther, headers: [.location: target])
    } catch let error as APIError {
      return Self.page("Checkout", "<p>\(Self.escape(error.message))</p>", status: .init(code: error.status))
    } catch {
      return Self.page("Checkout", "<p>Something went wrong.</p>", status: .internalServerError)
    }
  }

  private func checkoutPage(_ id: String, notice: String?) -> Response {
    guard let session = transact({ $0.sessions[id] }) else {
      return Self.page("Checkout", "<p>There is no such session.</p>", status: .notFound)
    }
    guard session.status == "open" else {
      return Self.page("Checkout", "<p>This session is \(session.status).</p>")
    }
    let rows = session.items.map { item in
      "<tr><td>\(Self.escape(item.name))</td><td>× \(item.quantity)</td><td>\(item.unitAmount * item.quantity)</td></tr>"
    }
    let cancel = session.cancelURL.map { "<p><a href=\"\(Self.escape($0))\">Back</a></p>" } ?? ""
    return Self.page(
      "Checkout",
      """
      <p class="notice">\(Self.escape(notice ?? ""))</p>
      <table>\(rows.joined())<tr><th>Total</th><th>\(session.currency.uppercased())</th><th>\(session.amountTotal)</th></tr>
      </table><p>Amounts in minor units. No money moves: this is a stand-in.</p>
      <form method="post">
      <p><label>E-mail <input name="email" type="email" value="\(Self.escape(session.customerEmail ?? ""))"></label></p>
      <p><label>Name <input name="name" value="Jenny Rosen"></label></p>
      <p><button name="outcome" value="paid">Pay</button>
      <button name="outcome" value="declined">Pay with a card that is declined</button>
      <button name="outcome" value="async">Pay by a slow method</button></p>
      </form>\(cancel)
      """)
  }

  private static func page(
    _ title: String, _ content: String, status: HTTPTypes.HTTPResponse.Status = .ok
  ) -> Response {
    let html = """
      <!doctype html><html lang="en"><head><meta charset="utf-8"><title>\(escape(title))</title>
      <style>body{font:16px sans-serif;max-width:36em;margin:3em auto}td,th{padding:.2em 1em;text-align:left}
      .notice{color:#b00}</style></head><body><h1>\(escape(title))</h1>\(content)</body></html>
      """
    return Response(
      status: status, headers: [.contentType: "text/html; charset=utf-8"],
      body: .init(byteBuffer: ByteBuffer(string: html)))
  }

  static func escape(_ text: String) -> String {
    var result = ""
    for character in text.unicodeScalars {
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      default: result.unicodeScalars.append(character)
      }
    }
    return result
  }
}
