import Market
import Store

/// How the evidence is checked: in words, and as a script that does what the words say.
enum EvidenceText {
  static func readme(_ evidence: OrderEvidence) -> String {
    let head = evidence.head.checkpoint
    return """
      EVIDENCE FOR ORDER \(evidence.order)

      What is claimed: each file in events/ is, byte for byte, an event of the audit log
      "\(head.origin)", and stood in it when the log had \(head.size) events, at \(head.at).

      Who says so: the holder of the signing key "\(evidence.key.name)" (\(evidence.key.keyID)), whose public key is in
      key.pem. Compare it with the one that was published or handed over otherwise: a key that comes with the evidence
      proves nothing by itself. Heads of the log were also sent away as they were signed; one of \(head.size) events or
      more that somebody else kept shows that the log was not made up afterwards.

      What is not claimed: that the log has no other event of this order.

      TO CHECK IT, with bash, OpenSSL 3, jq, sha256sum and the like:

          bash verify.sh
          bash verify.sh . /path/to/the/published/key.pem

      BY HAND, which is what the script does:

      1. Nothing was changed on the way:

          sha256sum -c SHA256SUMS

      2. The head was signed. The first four lines of head.txt are the text (the log's name, its size, its root in
         base64, the time); behind the empty line stand the key's name and, in base64, 4 bytes of the key's hash and the
         64 bytes of an Ed25519 signature over the text.

          head -n 4 head.txt > text
          tail -n 1 head.txt | cut -d' ' -f3 | openssl base64 -d -A | tail -c 64 > signature
          openssl pkeyutl -verify -pubin -inkey key.pem -rawin -in text -sigfile signature

      3. The root in hexadecimal, to compare with:

          sed -n 3p head.txt | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \\n'

      4. Each event is a leaf of the tree with that root (RFC 6962, RFC 9162 section 2.1.3.2). The hash of a leaf is
         SHA-256 of one byte 00 and the file:

          { printf '\\000'; cat events/0001.txt; } | sha256sum

         evidence.json has for each file the number of its leaf and its path: hashes of neighbours, from the leaf
         upwards. With position = leaf and last = size - 1, take them one after another:
           - position odd, or position = last: hash = SHA-256(01, neighbour, hash); then, if position is even, halve
             position and last until position is odd;
           - else: hash = SHA-256(01, hash, neighbour);
           - halve position and last, without rest.
         In the end last is 0, and hash is the root.

      The events are lines of text: "gkm-audit v1", then a name and a value on each line. `at` is the time in UTC,
      `actor` who acted, `action` what was done, `subject` about what; `nonce` is random. In values \\\\ means a backslash
      and \\n a line end.

      """
  }

  static let script = #"""
    #!/usr/bin/env bash
    # verify.sh [FOLDER [KEY.pem]]: checks the evidence in FOLDER (by default, where this script is): that no file was
    # changed, that the head was signed by key.pem, and that every event is in the log that the head stands for. With
    # KEY.pem, that key.pem is that key. README.txt says the same in words.
    set -euo pipefail
    export LC_ALL=C
    cd "${1:-$(dirname "$0")}"
    trusted=${2:-}

    fail() {
      printf 'NOT VERIFIED: %s\n' "$1" >&2
      exit 1
    }
    # bytes HEX: as they are.
    bytes() {
      local text='' index
      for ((index = 0; index < ${#1}; index += 2)); do text+="\\x${1:index:2}"; done
      # shellcheck disable=SC2059
      printf "$text"
    }
    # sum: SHA-256 of standard input, in hexadecimal.
    sum() {
      local line
      line=$(sha256sum)
      printf '%s' "${line%% *}"
    }
    # node LEFT RIGHT
    node() { { printf '\001' && bytes "$1" && bytes "$2"; } | sum; }

    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT

    # 1. The files.
    files=(README.txt evidence.json events/*.txt head.txt key.pem summary.html verify.sh)
    sha256sum -- "${files[@]}" >"$work/sums" || fail 'a file is missing'
    [ "$(sha256sum <"$work/sums")" = "$(sha256sum <SHA256SUMS)" ] || fail 'a file is not the one that was packed'

    # 2. The head and its signature.
    mapfile -t line <head.txt
    [ ${#line[@]} = 6 ] && [ -z "${line[4]}" ] || fail 'head.txt is no head'
    printf '%s\n' "${line[@]:0:4}" >"$work/text"
    read -r dash name blob <<<"${line[5]}"
    [ "$dash" = '—' ] || fail 'head.txt has no signature'
    printf '%s' "$blob" | openssl base64 -d -A >"$work/blob"
    tail -c 64 "$work/blob" >"$work/signature"
    openssl pkeyutl -verify -pubin -inkey key.pem -rawin -in "$work/text" -sigfile "$work/signature" >/dev/null 2>&1 ||
      fail 'the head is not signed by key.pem'
    if [ -n "$trusted" ]; then
      [ "$(openssl pkey -pubin -in key.pem -outform DER | sum)" = "$(openssl pkey -pubin -in "$trusted" -outform DER | sum)" ] ||
        fail "key.pem is not the key in $trusted"
    fi
    size=${line[1]}
    root=$(printf '%s' "${line[2]}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')
    order=$(jq -er .order evidence.json)
    [ "$(jq -er .size evidence.json)" = "$size" ] && [ "$(jq -er .root evidence.json)" = "$root" ] ||
      fail 'evidence.json speaks of another head'

    # 3. Each event, from its leaf to the root.
    count=0
    while read -r file leaf path; do
      [[ $file =~ ^[0-9]+\.txt$ && $leaf =~ ^[0-9]+$ ]] || fail "evidence.json names what is no event: $file"
      [ "$leaf" -lt "$size" ] || fail "$file is not in the tree"
      [[ $'\n'$(<"events/$file")$'\n' = *$'\n'"order $order"$'\n'* ]] || fail "$file is not about order $order"
      hash=$({ printf '\000' && cat "events/$file"; } | sum)
      position=$leaf
      last=$((size - 1))
      for neighbour in $path; do
        [[ $neighbour =~ ^[0-9a-f]{64}$ ]] && [ "$last" -gt 0 ] || fail "$file has a path that leads nowhere"
        if [ $((position % 2)) = 1 ] || [ "$position" = "$last" ]; then
          hash=$(node "$neighbour" "$hash")
          while [ $((position % 2)) = 0 ]; do
            position=$((position / 2))
            last=$((last / 2))
          done
        else
          hash=$(node "$hash" "$neighbour")
        fi
        position=$((position / 2))
        last=$((last / 2))
      done
      [ "$last" = 0 ] && [ "$hash" = "$root" ] || fail "$file is not in the log as it was signed"
      count=$((count + 1))
    done < <(jq -er '.events[] | "\(.file) \(.leaf) \(.path | join(" "))"' evidence.json)
    [ "$count" = "$(jq -er '.events | length' evidence.json)" ] && [ "$count" -gt 0 ] || fail 'evidence.json cannot be read'
    written=(events/*.txt)
    [ "$count" = "${#written[@]}" ] || fail 'there are events without a proof'

    printf 'VERIFIED: %s events of order %s are in the log %s, as it had %s events (%s), signed by %s.\n' \
      "$count" "$order" "${line[0]}" "$size" "${line[3]#time }" "$name"
    [ -n "$trusted" ] || printf 'Compare key.pem with the key that was published, or give that as the second argument.\n'

    """#
}
