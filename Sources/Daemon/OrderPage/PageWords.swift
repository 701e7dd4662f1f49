import Market

/// The sentences of the order page, in the languages it speaks.
struct PageWords: Sendable {
  let language: String
  let order: String
  let keys: String
  let select: String
  let recorded: String
  let summary: String
  let total: String
  let footer: String
  let showOne: String
  let showMany: String
  let thanks: PageMessage
  let cancelled: PageMessage
  let unknown: PageMessage
  let limited: PageMessage
  let failed: PageMessage
  let revealed: PageMessage
  let ready: PageMessage
  let preparing: PageMessage
  private let states: [OrderState: PageMessage]

  /// What is said of an order in a state in which no key is shown.
  func message(for state: OrderState) -> PageMessage { states[state] ?? preparing }

  /// The nearest to a locale: Spanish for `es…`, else English.
  static func of(locale: String) -> PageWords { locale.hasPrefix("es") ? spanish : english }

  /// From a browser's `Accept-Language`, by what it names first.
  static func of(acceptLanguage: String?) -> PageWords { of(locale: (acceptLanguage ?? "").lowercased()) }
}

/// A heading and a sentence.
struct PageMessage: Sendable {
  let heading: String
  let lead: String

  init(_ heading: String, _ lead: String) {
    self.heading = heading
    self.lead = lead
  }
}

extension PageWords {
  static let english = PageWords(
    language: "en", order: "Order", keys: "Your keys",
    select: "Click a key to select it, then copy it.",
    recorded: "We record when and from where keys are shown. Nobody can see them before you press the button.",
    summary: "What you bought", total: "Total",
    footer: "Keep this link to yourself: whoever has it can see your keys.",
    showOne: "Show my key", showMany: "Show my keys",
    thanks: PageMessage(
      "Thank you!", "Your payment is on its way to us. Your key arrives by e-mail, usually within seconds."),
    cancelled: PageMessage("Nothing was bought", "You left the payment page, and you have not been charged."),
    unknown: PageMessage(
      "There is no such page", "The link may be cut off or outdated. The newest mail from us has the right one."),
    limited: PageMessage("One moment, please", "There were many requests for this page. Please try again in a minute."),
    failed: PageMessage("Something went wrong here", "Nothing is lost. Please try again in a moment."),
    revealed: PageMessage("Here you are", "This page stays here: you can come back to it."),
    ready: PageMessage("Your order is ready", "Press the button when you want to see it."),
    preparing: PageMessage("Your order is being prepared", "It takes a few seconds. Please load this page again."),
    states: [
      .open: PageMessage("Waiting for your payment", "As soon as it is complete, your key is here."),
      .awaitingAsync: PageMessage(
        "Your payment is on its way", "Your bank has not confirmed it yet. We write to you as soon as it has."),
      .unfulfillable: PageMessage(
        "We are out of stock",
        "More keys than we have were sold. You get yours from the next delivery, or your money back."
      ),
      .held: PageMessage("Your order is being checked", "Something about the payment needs a look. We write to you."),
      .disputed: PageMessage(
        "Your order is on hold", "Your bank is looking into the payment. Keys cannot be shown meanwhile."),
      .refunded: PageMessage(
        "Your order was refunded", "Your money is on its way back, and the keys are no longer valid."),
      .chargedBack: PageMessage(
        "Your order was refunded", "Your bank returned your money, and the keys are no longer valid."),
      .expired: PageMessage("Your order expired", "It was not paid in time, and you have not been charged."),
      .failed: PageMessage("Your payment failed", "The payment did not go through, and you have not been charged."),
    ])

  static let spanish = PageWords(
    language: "es", order: "Pedido", keys: "Tus claves",
    select: "Pulsa una clave para seleccionarla y cópiala.",
    recorded:
      "Registramos cuándo y desde dónde se muestran las claves. Nadie puede verlas antes de que pulses el botón.",
    summary: "Tu compra", total: "Total",
    footer: "No compartas este enlace: quien lo tenga puede ver tus claves.",
    showOne: "Mostrar mi clave", showMany: "Mostrar mis claves",
    thanks: PageMessage(
      "¡Gracias!", "Tu pago está en camino. Recibirás tu clave por correo electrónico, normalmente en segundos."),
    cancelled: PageMessage("No se ha comprado nada", "Has salido de la página de pago y no se te ha cobrado nada."),
    unknown: PageMessage(
      "Esta página no existe",
      "El enlace puede estar cortado o ser antiguo. El correo más reciente que te enviamos tiene el correcto."),
    limited: PageMessage(
      "Un momento, por favor", "Ha habido muchas peticiones a esta página. Inténtalo dentro de un minuto."),
    failed: PageMessage("Algo ha fallado", "No se ha perdido nada. Inténtalo de nuevo dentro de un momento."),
    revealed: PageMessage("Aquí tienes", "Esta página seguirá aquí: puedes volver cuando quieras."),
    ready: PageMessage("Tu pedido está listo", "Pulsa el botón cuando quieras verlo."),
    preparing: PageMessage("Estamos preparando tu pedido", "Tarda unos segundos. Vuelve a cargar la página."),
    states: [
      .open: PageMessage("Esperamos tu pago", "En cuanto se complete, tu clave estará aquí."),
      .awaitingAsync: PageMessage(
        "Tu pago está en camino", "Tu banco todavía no lo ha confirmado. Te escribiremos en cuanto lo haga."),
      .unfulfillable: PageMessage(
        "No nos quedan claves",
        "Se han vendido más claves de las que tenemos. Recibirás la tuya en la próxima entrega, o tu dinero."),
      .held: PageMessage("Estamos revisando tu pedido", "Hay algo en el pago que debemos comprobar. Te escribiremos."),
      .disputed: PageMessage(
        "Tu pedido está en pausa", "Tu banco está revisando el pago. Mientras tanto no se pueden mostrar las claves."),
      .refunded: PageMessage(
        "Tu pedido ha sido reembolsado", "Tu dinero está en camino y las claves ya no son válidas."),
      .chargedBack: PageMessage(
        "Tu pedido ha sido reembolsado", "Tu banco te ha devuelto el dinero y las claves ya no son válidas."),
      .expired: PageMessage("Tu pedido ha caducado", "No se pagó a tiempo y no se te ha cobrado nada."),
      .failed: PageMessage("El pago ha fallado", "El pago no se ha completado y no se te ha cobrado nada."),
    ])
}
