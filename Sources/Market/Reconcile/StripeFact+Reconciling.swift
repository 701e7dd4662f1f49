extension StripeFact {
  /// What a dispute's movements on the balance tell: events tell it one by one, and the dispute itself as a whole.
  package static func disputeMoved(
    id: String, amount: Int64, withdrawn: Bool, reinstated: Bool, charge: String?, paymentIntent: String?
  ) -> StripeFact {
    .dispute(
      id: id,
      DisputeFact(
        amount: amount, charge: charge, paymentIntent: paymentIntent, fundsWithdrawn: withdrawn,
        fundsReinstated: reinstated))
  }
}
