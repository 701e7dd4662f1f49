"""Turns lines "ROLE PASSWORD" into SQL that gives each role its SCRAM verifier: no clear password reaches the server.

    logins.py <LINES >SQL
"""

import base64
import hashlib
import hmac
import os
import sys

ROUNDS = 4096


def verifier(password):
    """RFC 5802, as PostgreSQL stores it."""
    salt = os.urandom(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ROUNDS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    encode = lambda data: base64.b64encode(data).decode()
    return f"SCRAM-SHA-256${ROUNDS}:{encode(salt)}${encode(stored)}:{encode(server)}"


for line in sys.stdin:
    role, password = line.split()
    quoted = role.replace('"', '""')
    print(f"ALTER ROLE \"{quoted}\" PASSWORD '{verifier(password)}';")
