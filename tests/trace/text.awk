# Prints the rows of ladder.awk, in 80 columns.
# Usage: awk -v title=TITLE -v plot=WHAT_IS_PLAYED -f fit.awk -f text.awk

function arrow(direction, label, letter, lost, line, width) {
    if (direction == "")
        return ""
    width = 20
    line = "-" (letter == "" ? "-" : letter) "- " fit(label, width - 7) " "
    while (length(line) < width - 1) line = line "-"
    if (direction == "right")
        return line (lost ? "x" : ">")
    return (lost ? "x" : "<") line
}

BEGIN {
    FS = "\t"
    print toupper(substr(title, 1, 1)) substr(title, 2)
    print plot
    printf "%5s %-26s %-20s %s\n", "ms", "client", "the wire", "server"
    print "----- -------------------------- -------------------- --------------------------"
}
{
    line = sprintf("%5s %-26s %-20s %s", $1, $2 != "" ? fit($2, 26) : $3 ? ":" : "",
        arrow($4, $5, $6, $7), $8 != "" ? fit($8, 26) : $9 ? ":" : "")
    sub(/ +$/, "", line)
    print line
    sign = $5
    gsub(/"([^"\\]|\\.)*"/, "", sign)
    icmp = icmp || sign == "ICMP"
    fin = fin || sign ~ /FIN/
    rst = rst || sign ~ /RST/
    lost = lost || $7
    numbers = numbers || ($2 $8) ~ /[a-z]\([0-9]+[,)]/
    polls = polls || ($2 $8) ~ /poll/
    slept = slept || $3 || $9
    letters = letters || $2 ~ /^[a-z]: /
    threads = threads || $8 ~ /^[0-9]+: /
}
END {
    if (NR == 0)
        exit
    print ""
    if (slept && !letters && !threads) print ":    asleep: the call above has not returned"
    if (slept && (letters || threads)) print ":    all of that side sleep: their calls above have not returned"
    if (numbers) print "(3)  the descriptor 3 of this program; 0 is its standard input"
    if (polls) print "poll(0, 3 out) waits until 0 can be read or 3 written; in/out: one of both"
    if (polls) print "poll: 3 ready  the descriptor 3 is ready"
    if (letters) print "a: b: the clients, and their segments"
    if (lost) print "x    lost on the way"
    if (fin) print "FIN  nothing more will be sent this way"
    if (rst) print "RST  this connection is broken"
    if (icmp) print "ICMP the kernel's own message: nobody has this port"
    if (threads) print "2: 3: further threads or processes of the server"
}
