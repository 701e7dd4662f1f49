import Market
package import Store
import Stripe

extension CheckoutSettings {
  /// How long stock is held, and by when a session must be there.
  package var reservationTimes: ReservationTimes {
    ReservationTimes(opening: stripeDeadline + .seconds(60), payable: sessionLifetime, grace: reservationGrace)
  }

  /// The same for the same order, each time: Stripe takes it as one request.
  func sessionRequest(_ pending: PendingCheckout) -> CheckoutSessionRequest {
    let order = pending.order
    return CheckoutSessionRequest(
      items: order.lines.map { line in
        CheckoutSessionRequest.Item(
          name: line.title, currency: line.unitPrice.currency.code, unitAmount: line.unitPrice.amount,
          quantity: Int64(line.quantity), metadata: ["listing_id": line.listing.description])
      },
      clientReferenceID: order.number,
      metadata: ["order_id": order.id.description, "order_number": order.number],
      successURL: successURL, cancelURL: cancelURL, expiresAt: order.payableUntil.unixSeconds,
      customerEmail: pending.email, locale: StripeLocale.nearest(to: pending.locale))
  }
}

/// The languages that Stripe's page speaks (https://docs.stripe.com/js/appendix/supported_locales).
enum StripeLocale {
  private static let known: Set<String> = [
    "bg", "cs", "da", "de", "el", "en", "en-GB", "es", "es-419", "et", "fi", "fil", "fr", "fr-CA", "hr", "hu", "id",
    "it", "ja", "ko", "lt", "lv", "ms", "mt", "nb", "nl", "pl", "pt", "pt-BR", "ro", "ru", "sk", "sl", "sv", "th", "tr",
    "vi", "zh", "zh-HK", "zh-TW",
  ]

  /// The tag itself, its language alone, or `auto`.
  static func nearest(to tag: String) -> String {
    if known.contains(tag) { return tag }
    let language = String(tag.prefix(2))
    return known.contains(language) ? language : "auto"
  }
}
