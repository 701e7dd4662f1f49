/// A customer portal session (https://docs.stripe.com/api/customer_portal/sessions/object): a short-lived link.
package struct PortalSession: Sendable, Equatable, Decodable {
  package let id: String
  package let customerID: String?
  /// Where to send the customer.
  package let url: String
  package let returnURL: String?

  package init(from decoder: any Decoder) throws {
    let object = try decoder.container(keyedBy: StripeKey.self)
    id = try object.required("id")
    customerID = try object.reference("customer")
    url = try object.required("url")
    returnURL = try object.optional("return_url")
  }
}
