extension Spanish {
  /// The words behind the signs of states, short enough for their columns.
  static let states: [String: String] = [
    "active": "activo", "agreed": "aceptado", "approved": "aprobado", "assigned": "asignado", "awaiting": "esperando",
    "bounced": "rebotado", "cancelled": "anulado", "charge refunded": "devuelto", "checked": "revisado",
    "closed": "cerrado", "coming": "futura", "confirmed": "llegó", "current": "vigente", "dead": "muerto",
    "delivered": "entregado", "disabled": "de baja", "discarded": "tirado", "disputed": "disputado", "done": "hecho",
    "draining": "saliendo", "due": "toca", "ended": "terminó", "expired": "caducado", "explained": "explicado",
    "failed": "fallido", "glass": "cristal", "firing": "activa", "gone": "perdido", "healed": "resuelto",
    "held": "retenido",
    "high": "alta", "ignored": "ignorado", "imported": "importado", "lost": "perdido", "low": "poco",
    "no stock": "sin claves", "none": "ninguno", "ok": "bien", "open": "abierto", "paid": "pagado",
    "parked": "aparcado", "part refund": "parcial", "pending": "pendiente", "prevented": "evitado",
    "quarantined": "aislado", "redriven": "rehecho", "refunded": "devuelto", "refused": "negado",
    "rejected": "rechazado", "resolved": "resuelta", "retrying": "reintento", "running": "activo",
    "sending": "enviando", "sent": "enviado", "shown": "vista", "stopped": "parado", "succeeded": "cobrado",
    "suspended": "apartado", "taken": "tomado", "to approve": "por ver", "under review": "en examen",
    "under way": "en curso", "unrecognised": "desconocido", "uploading": "subiendo", "urgent": "urgente",
    "waiting": "en espera", "warning closed": "aviso cerrado", "warning needs response": "aviso: responder",
    "warning under review": "aviso en examen", "needs response": "responder", "withdrawn": "retirado",
    "won": "ganado", "working": "en curso", "blocked": "bloqueado",
  ]

  /// Vendors, commission, keys that are looked at.
  static let ofVendors: [String: String] = [
    "Vendors": "Vendedores", "No vendors.": "No hay vendedores.", "LISTINGS": "OFERTAS", "KEYS": "CLAVES",
    "LOW": "POCAS", "TAKES": "COMISIÓN", "CHANGES": "CAMBIA", "CONTACT": "CONTACTO",
    "Change this vendor's commission": "Cambiar la comisión de este vendedor", "commission": "comisión",
    "Change the commission that this rule is for": "Cambiar la comisión de esta regla", "change": "cambiar",
    "Take a rule back that has not begun": "Retirar una regla que aún no empezó",
    "Let this rule end": "Dar fin a esta regla", "end": "dar fin",
    "Let this person see the key": "Dejar que esta persona vea la clave",
    "Refuse this person the key": "Negar la clave a esta persona", "Reveals": "Claves vistas",
    "Nobody asked to see a key.": "Nadie pidió ver una clave.", "REVEAL": "PETIC.", "KEY": "CLAVE",
    "Share in %": "Parte en %", "Amounts": "Importes", "When": "Cuándo", "In the zone": "En la zona",
    "Change": "Cambiar", "End": "Dar fin", "Take back": "Retirar", "Takes": "Comisión", "Balance": "Saldo",
    "Contact": "Contacto", "Since": "Desde", "keys": "claves", "This has no commission": "Esto no tiene comisión",
    "It holds already: let it end instead": "Ya rige: mejor dele fin",
    "It has not begun: take it back instead": "Aún no empezó: mejor retírela",
    "Keys are being sent already: one import at a time": "Ya se envían claves: una importación cada vez",
    "for": "desde hace",
  ]
}
