# Reads the events of calls.awk, wire.awk and the scene's marks, in the order of
# time. Writes the rows of the ladder, separated by tabs:
#   MS CLIENT CLIENT_SLEEPS DIRECTION LABEL LETTER LOST SERVER SERVER_SLEEPS
# MS counts from the first row. SLEEPS is 1 where nobody on that side does anything
# but wait.
# Usage: awk -v first=ROW -v last=ROW -f ladder.awk     only these rows; to the end,
# if last is empty

BEGIN { FS = "\t" }

function row(client, direction, label, letter, lost, server) {
    if (!begun || ended || ++rows < first || (last != "" && rows > last + 0))
        return
    if (start == "")
        start = $1
    ms = sprintf("%.0f", ($1 - start) * 1000)
    printf "%s\t%s\t%d\t%s\t%s\t%s\t%d\t%s\t%d\n", ms, client, rests("c"), direction, label,
        letter, lost, server, rests("s")
}

# Whether a side has a task that sleeps, and none that does something.
function rests(side, task, some) {
    for (task in state)
        if (side_of[task] == side) {
            if (state[task] == "awake")
                return 0
            some = 1
        }
    return some
}

# Says what a task does; where a side has several, by which of them.
function say(side, name, task, text) {
    if (side == "c")
        row((clients > 1 ? name ": " : "") text, "", "", "", 0, "")
    else
        row("", "", "", "", 0, (number[task] > 1 ? number[task] ": " : "") text)
}

{ event[NR] = $0 }

# All is known before the first row is written: how many clients, whose port it is,
# who has to do with sockets.
$2 == "port" { letter_of[$6] = $4 }
$2 == "socket" { works[$5] = speaks[$4] = 1 }
$2 == "thread" { thread[$6] = 1 }
$3 == "c" { names[$4] = 1 }
$5 != "" && $2 != "wire" { last_task[$4] = $5 }
$6 ~ /^socket\(SOCK_(STREAM|DGRAM)/ { uses[$3 ($6 ~ /DGRAM/ ? "UDP" : "TCP")] = 1 }

END {
    for (name in names) clients++
    if (protocol("s") protocol("c") ~ /^(UDPTCP|TCPUDP)$/)
        print "trace: the server speaks " protocol("s") " and the client " protocol("c") ": they cannot meet" >"/dev/stderr"
    for (i = 1; i <= NR; i++) {
        $0 = event[i]
        act()
    }
    if (start == "") {
        print "trace: there are " rows + 0 " rows, and none of those that ROWS names" >"/dev/stderr"
        exit 1
    }
}

# The only protocol of a side's sockets.
function protocol(side) {
    if (((side "TCP") in uses) == ((side "UDP") in uses))
        return ""
    return (side "TCP") in uses ? "TCP" : "UDP"
}

# A shell that starts the program, and what it runs before. Where nobody comes to a
# socket, the last one says why.
function is_beside(task, name) {
    return !(task in works) && (name in speaks || last_task[name] != task)
}

function die(task) {
    delete state[task]
    living[name_of[task]]--
}

function act(task) {
    if ($2 == "mark") {
        if ($3 == "begin") {
            begun = 1
            # What already sleeps is said first.
            for (i_ = 1; i_ < i; i_++) {
                split(event[i_], old, "\t")
                if (old[2] == "sleep" && state[old[5]] == "asleep" && call[old[5]] == old[6] && since[old[5]] == i_)
                    say(old[3], old[4], old[5], old[6] " sleeps")
            }
        }
        if ($3 == "end") ended = 1
        if ($3 == "loss") losing = 1
        if ($3 == "no-loss") losing = 0
        if ($3 ~ /^server /) row("", "", "", "", 0, substr($3, 8))
        if ($3 ~ /killed/) for (task in state) if (side_of[task] == "s") die(task)
        return
    }
    if ($2 == "wire") {
        row("", $3, $5, clients > 1 ? letter_of[$4] : "", losing, "")
        return
    }
    if ($2 ~ /^(port|socket|thread)$/ || is_beside($5, $4)) return
    task = $5
    if (!(task in state)) {
        side_of[task] = $3
        name_of[task] = $4
        number[task] = ++living[$4]
    }
    if ($2 == "note") {
        say($3, $4, task, task in thread && $6 ~ /^\(ends/ ? "(thread ends)" : $6)
        die(task)
        return
    }
    # A signal interrupts a call, and the kernel begins it again.
    if ($2 == "sleep" && state[task] == "asleep" && call[task] == $6)
        return
    state[task] = $2 == "sleep" ? "asleep" : "awake"
    if ($2 == "sleep") { call[task] = $6; since[task] = i }
    say($3, $4, task, $6 ($2 == "sleep" && $6 !~ /^sleep/ ? " sleeps" : ""))
}
