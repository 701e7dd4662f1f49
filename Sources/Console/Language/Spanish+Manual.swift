extension Spanish {
  /// What people do by hand.
  static let byHand: [String: String] = [
    "Retry what of this order did not arrive": "Reintentar lo que no llegó de este pedido", "Retry": "Reintentar",
    "Send this order's keys again": "Enviar otra vez las claves de este pedido", "send again": "reenviar",
    "Send this order's keys to another address": "Enviar las claves de este pedido a otra dirección",
    "Replace a bad key": "Cambiar una clave mala", "bad key": "clave mala", "Hold this order": "Retener este pedido",
    "hold": "retener", "Release this order": "Soltar este pedido", "release": "soltar",
    "Note on this order": "Nota en este pedido", "Send this key again": "Enviar otra vez esta clave",
    "Agree to this ask": "Aceptar esta petición", "Refuse this ask": "Rechazar esta petición", "refuse": "rechazar",
    "Withdraw this ask": "Retirar esta petición", "withdraw": "retirar",
    "Give this break to somebody": "Dar esta diferencia a alguien", "assign": "asignar",
    "Explain this break": "Explicar esta diferencia", "explain": "explicar",
    "Close this break": "Cerrar esta diferencia",
    "Prepare this dispute's evidence": "Preparar las pruebas de esta disputa", "prepare": "preparar",
    "Edit this dispute's evidence": "Editar las pruebas de esta disputa", "edit": "editar",
    "Preview and send this dispute's evidence": "Ver y enviar las pruebas de esta disputa", "send": "enviar",
    "Asks": "Peticiones", "Nobody asks for anything.": "Nadie pide nada.", "ASK": "PETIC.", "WHAT": "QUÉ",
    "DECIDED BY": "DECIDIÓ", "Send again": "Enviar otra vez", "Send there": "Enviar allí", "Replace": "Cambiar",
    "Hold": "Retener", "Release": "Soltar", "Agree": "Aceptar", "Refuse": "Rechazar", "Withdraw": "Retirar",
    "Assign": "Asignar", "Explain": "Explicar", "Prepare": "Preparar", "Keep": "Guardar", "Send": "Enviar",
    "Address": "Dirección", "Units, or all": "Unidades, o todas", "Without stock": "Sin existencias",
    "Field": "Campo", "Text": "Texto", "How": "Cómo",
    "All of this row": "Todo lo de esta fila",
    "Take back what was done last, where that can be": "Retirar lo último que se hizo, si se puede",
    "There is nothing that could be taken back": "No hay nada que se pueda retirar", "held": "retenido",
    "has it open since": "lo tiene abierto desde las",
  ]
}
