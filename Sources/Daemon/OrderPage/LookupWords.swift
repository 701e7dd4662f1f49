/// The sentences of the pages on which a customer who lost the link finds their orders.
struct LookupWords: Sendable {
  /// The link that leads there.
  let find: String
  let ask: PageMessage
  let sent: PageMessage
  let found: PageMessage
  let email: String
  let code: String
  let send: String
  let show: String
  let again: String
  let noAddress: String
  let wrongCode: String

  /// In the language of the other pages.
  static func of(_ words: PageWords) -> LookupWords { words.language == "es" ? spanish : english }

  private static let english = LookupWords(
    find: "Find your orders by your e-mail address",
    ask: PageMessage("Find your orders", "Lost the link? Tell us the e-mail address that you bought with."),
    sent: PageMessage(
      "Look into your mailbox",
      "If there are orders of this address, we have just mailed a code to it. It is good for 15 minutes."),
    found: PageMessage("Your orders", "Keep these links to yourself: whoever has one can see its keys."),
    email: "E-mail address", code: "Code from the mail", send: "Mail me a code", show: "Show my orders",
    again: "No mail? Ask for another code.",
    noAddress: "That is not an e-mail address.",
    wrongCode: "This code is wrong, was used, or is too old. After five tries, ask for another one.")

  private static let spanish = LookupWords(
    find: "Encuentra tus pedidos con tu correo electrónico",
    ask: PageMessage("Encuentra tus pedidos", "¿Has perdido el enlace? Dinos el correo con el que compraste."),
    sent: PageMessage(
      "Mira tu correo",
      "Si hay pedidos con esta dirección, acabamos de enviarle un código. Sirve durante 15 minutos."),
    found: PageMessage("Tus pedidos", "No compartas estos enlaces: quien tenga uno puede ver sus claves."),
    email: "Correo electrónico", code: "Código del correo", send: "Enviarme un código", show: "Mostrar mis pedidos",
    again: "¿No ha llegado? Pide otro código.",
    noAddress: "Eso no es un correo electrónico.",
    wrongCode: "El código no es correcto, ya se usó o es demasiado antiguo. Tras cinco intentos, pide otro.")
}
