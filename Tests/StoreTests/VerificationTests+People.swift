extension VerificationTests {
  static let peoplePlants: [Plant] = [
    Plant(
      "customers.erased", of: anOrder("delivered"),
      "UPDATE gkm.orders SET customer_email = 'erased@erased.invalid' WHERE id = \(itsID("delivered"));")
  ]
}
