# Reads what tcpdump -n -tt -x has printed. Writes a line for each segment or datagram:
#   TIME wire DIRECTION PORT LABEL
# separated by tabs: to the server "right" or to the client "left"; the client's
# port; what is in it.
# Usage: awk -v port=SERVERS_PORT -f wire.awk

# What length bytes at the end of the dump say, as strace writes it.
function text(length_, i, byte, said) {
    for (i = length(dump) - 2 * length_ + 1; i < length(dump); i += 2) {
        byte = 16 * (index(digits, substr(dump, i, 1)) - 1)
        byte += index(digits, substr(dump, i + 1, 1)) - 1
        if (byte in escape)
            said = said escape[byte]
        else if (byte >= 32 && byte < 127)
            said = said sprintf("%c", byte)
        else
            said = said "\\x" substr(dump, i, 2)
    }
    return "\"" said "\""
}

function flush() {
    if (time == "")
        return
    if (payload > 0 && label != "ICMP")
        label = text(payload) (label == "" ? "" : " " label)
    print time "\twire\t" direction "\t" client "\t" label
    time = ""
}

BEGIN {
    digits = "0123456789abcdef"
    escape[10] = "\\n"; escape[13] = "\\r"; escape[9] = "\\t"
    escape[34] = "\\\""; escape[92] = "\\\\"; escape[0] = "\\0"
}

/^[0-9]/ {
    flush()
    time = $1
    dump = ""
    from = $3; sub(/.*\./, "", from)
    to = $5; sub(/:$/, "", to); sub(/.*\./, "", to)
    # Where neither has the server's port, the client is the one that spoke first.
    pair = from < to ? from " " to : to " " from
    if (!(pair in first))
        first[pair] = from
    direction = to == port || (from != port && first[pair] == from) ? "right" : "left"
    client = direction == "right" ? from : to
    payload = match($0, /length [0-9]+/) ? substr($0, RSTART + 7, RLENGTH - 7) : 0
    label = ""
    if (/ICMP/) {
        label = "ICMP"
        direction = "left"
        client = ""
    } else if (/Flags \[S\.\]/)
        label = "SYN+ACK"
    else if (/Flags \[S/)
        label = "SYN"
    else if (/Flags \[[^\]]*R/)
        label = "RST"
    else if (/Flags \[[^\]]*F/)
        label = "FIN"
    else if (/Flags/ && payload == 0)
        label = "ACK"
}
/^\t0x/ {
    sub(/.*: +/, "")
    gsub(/ /, "")
    dump = dump $0
}
END { flush() }
