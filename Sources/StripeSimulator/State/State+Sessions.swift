/// Checkout Sessions: made, looked at, expired.
extension SimulatorState {
  private static let sessionParameters: Set<String> = [
    "mode", "line_items", "client_reference_id", "metadata", "payment_intent_data", "success_url", "cancel_url",
    "expires_at", "customer", "customer_creation", "customer_email", "locale", "payment_method_types", "submit_type",
    "billing_address_collection", "allow_promotion_codes", "automatic_tax", "phone_number_collection", "ui_mode",
    "payment_method_options", "consent_collection", "custom_text", "currency", "invoice_creation", "expand",
  ]
  static let currencies: Set<String> = Set(
    """
    aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob brl bsd bwp byn bzd cad cdf chf clp cny \
    cop crc cve czk djf dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gnf gtq gyd hkd hnl htg huf idr ils inr isk jmd \
    jod jpy kes kgs khr kmf krw kwd kyd kzt lak lbp lkr lrd lsl mad mdl mga mkd mmk mnt mop mur mvr mwk mxn myr mzn nad \
    ngn nio nok npr nzd omr pab pen pgk php pkr pln pyg qar ron rsd rub rwf sar sbd scr sek sgd shp sle sos srd std szl \
    thb tjs tnd top try ttd twd tzs uah ugx usd uyu uzs vnd vuv wst xaf xcd xof xpf yer zar zmw
    """.split(separator: " ").map(String.init))

  mutating func createSession(_ call: APICall) throws(APIError) -> JSON {
    let form = call.form
    try call.allow(Self.sessionParameters)
    guard let mode = form.text("mode") else { throw .missing("mode") }
    guard mode == "payment" else { throw .invalid("The simulator only knows mode=payment.", param: "mode") }
    guard let successURL = form.text("success_url") else { throw .missing("success_url") }
    for name in ["success_url", "cancel_url"] {
      if let url = form.text(name), !url.hasPrefix("http://"), !url.hasPrefix("https://") {
        throw .invalid("Not a valid URL", param: name, code: "url_invalid")
      }
    }
    let items = try Self.items(form.items("line_items"))
    let expiresAt = try expiry(form, now: call.now)
    if let reference = form.text("client_reference_id"), reference.count > 200 {
      throw .invalid("client_reference_id is longer than 200 characters.", param: "client_reference_id")
    }
    if let email = form.text("customer_email"), !email.contains("@") {
      throw .invalid("Invalid email address: \(email)", param: "customer_email", code: "email_invalid")
    }
    if let customer = form.text("customer"), !customers.contains(customer) {
      throw .noSuch("customer", customer, param: "customer")
    }
    let id = Self.newID("cs_test_a1", length: 56)
    let session = SimSession(
      id: id, created: call.now, expiresAt: expiresAt, currency: items.first?.currency ?? "usd",
      amountTotal: items.reduce(0) { $0 + $1.unitAmount * $1.quantity }, items: items,
      clientReferenceID: form.text("client_reference_id"), metadata: try Self.metadata(form),
      intentMetadata: try Self.metadata(form["payment_intent_data"]), successURL: successURL,
      cancelURL: form.text("cancel_url"), createsCustomer: form.text("customer_creation") == "always",
      customer: form.text("customer"), customerEmail: form.text("customer_email"), locale: form.text("locale"),
      url: "\(publicURL)/c/pay/\(id)")
    sessions[id] = session
    expiries.insert(Expiry(at: expiresAt, session: id))
    count("sessions")
    return session.json
  }

  private func expiry(_ form: Form, now: Int64) throws(APIError) -> Int64 {
    guard let text = form.text("expires_at") else { return now + 86_400 }
    guard let expiresAt = Int64(text) else {
      throw .invalid("Invalid integer: \(text)", param: "expires_at", code: "parameter_invalid_integer")
    }
    // A minute of leeway for the time the request spent on its way.
    guard expiresAt - now >= Int64(knobs.minimumSessionSeconds) - 60 else {
      throw .invalid(
        "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.", param: "expires_at")
    }
    guard expiresAt - now <= 86_400 + 60 else {
      throw .invalid(
        "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.", param: "expires_at")
    }
    return expiresAt
  }

  private static func items(_ forms: [Form]) throws(APIError) -> [SimSession.Item] {
    guard !forms.isEmpty else { throw .missing("line_items") }
    guard forms.count <= 100 else { throw .invalid("A session holds at most 100 line items.", param: "line_items") }
    var items: [SimSession.Item] = []
    for (index, form) in forms.enumerated() {
      let prefix = "line_items[\(index)]"
      if let price = form.text("price") { throw .noSuch("price", price, param: "\(prefix)[price]") }
      let price = form["price_data"]
      guard let currency = price.text("currency") else { throw .missing("\(prefix)[price_data][currency]") }
      guard currencies.contains(currency.lowercased()) else {
        throw .invalid(
          "Invalid currency: \(currency). Stripe currently supports these currencies: "
            + currencies.sorted().joined(separator: ", "), param: "\(prefix)[price_data][currency]")
      }
      guard currency.lowercased() == items.first?.currency ?? currency.lowercased() else {
        throw .invalid("All line items must have the same currency.", param: "\(prefix)[price_data][currency]")
      }
      guard let name = price["product_data"].text("name") else {
        throw .missing("\(prefix)[price_data][product_data][name]")
      }
      let unitAmount = try integer(price, "unit_amount", as: "\(prefix)[price_data][unit_amount]", in: 0...99_999_999)
      let quantity = try integer(form, "quantity", as: "\(prefix)[quantity]", in: 1...999_999)
      items.append(
        SimSession.Item(
          id: newID("li_1"), name: name, description: price["product_data"].text("description"),
          currency: currency.lowercased(), unitAmount: unitAmount, quantity: quantity,
          metadata: price["product_data"].map("metadata")))
    }
    return items
  }

  static func integer(
    _ form: Form, _ name: String, as param: String, in range: ClosedRange<Int64>
  ) throws(APIError) -> Int64 {
    guard let text = form.text(name) else { throw .missing(param) }
    guard let value = Int64(text) else {
      throw .invalid("Invalid integer: \(text)", param: param, code: "parameter_invalid_integer")
    }
    guard range.contains(value) else {
      let code = value < range.lowerBound ? "parameter_invalid_integer" : "amount_too_large"
      throw .invalid(
        "This value must be between \(range.lowerBound) and \(range.upperBound).", param: param, code: code)
    }
    return value
  }

  static func metadata(_ form: Form) throws(APIError) -> [String: String] {
    let metadata = form.map("metadata")
    guard metadata.count <= 50 else {
      throw .invalid("You cannot have more than 50 metadata keys.", param: "metadata")
    }
    for (key, value) in metadata where key.count > 40 || value.count > 500 {
      throw .invalid(
        "Metadata keys can be up to 40 characters long and values up to 500.", param: "metadata[\(key)]")
    }
    return metadata
  }

  func session(_ id: String) throws(APIError) -> SimSession {
    guard let session = sessions[id] else { throw .noSuch("checkout.session", id, param: "session") }
    return session
  }

  mutating func expireSession(_ id: String, cause: Cause, now: Int64) throws(APIError) -> JSON {
    var session = try session(id)
    guard session.status == "open" else {
      throw .invalid(
        "Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout Session has a status of "
          + "\(session.status).", param: "session")
    }
    session.status = "expired"
    sessions[id] = session
    count("sessions_expired")
    emit("checkout.session.expired", session.json, cause: cause, now: now)
    return session.json
  }

  /// Expires, settles and decides what is due.
  mutating func advance(to now: Int64) {
    while let next = expiries.first, next.at <= now {
      _ = expiries.popFirst()
      if sessions[next.session]?.status == "open" {
        _ = try? expireSession(next.session, cause: .customer, now: now)
      }
    }
    while let next = settlements.first, next.at <= now {
      _ = settlements.popFirst()
      _ = try? settle(next.session, succeeds: next.succeeds, now: now)
    }
    while let next = verdicts.first, next.at <= now {
      _ = verdicts.popFirst()
      decide(next, now: now)
    }
  }
}
