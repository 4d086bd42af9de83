# Reads strace's record of one process or thread, calls.NAME.TASK. Writes lines
#   TIME KIND SIDE NAME TASK TEXT
# separated by tabs. SIDE is s or c; KIND is
#   call    what a call did that returned at once
#   sleep   a call that waits begins, wake: it returns
#   port    the client's port, in place of TEXT
#   socket  the task has to do with a socket
#   thread  the task has started a thread: which task this is, in place of TEXT
#   note    the task has ended
# Usage: awk -v file=FILE -f calls.awk FILE

function put(time, kind, text) {
    # A program that asks again and again would fill the ladder.
    if (kind == "call" && text == last) {
        again++
        again_at = time
        return
    }
    last = kind == "call" ? text : ""
    if (again > 0)
        print_event(again_at, "call", "(again, " again (again == 1 ? " time)" : " times)"))
    again = 0
    print_event(time, kind, text)
}

function print_event(time, kind, text) {
    printf "%.6f\t%s\t%s\t%s\t%s\t%s\n", time, kind, side, name, task, text
}

# What poll waits for: "4" to be read, "5 out" to be written, "6 in/out" for both.
function watched(list, i, n, part, fd, said) {
    n = split(list, part, /\}/)
    for (i = 1; i <= n; i++) {
        if (!match(part[i], /fd=-?[0-9]+/))
            continue
        fd = substr(part[i], RSTART + 3, RLENGTH - 3)
        if (fd < 0)
            continue
        if (part[i] ~ /events=0/)
            continue
        said = said (said == "" ? "" : ", ") fd
        if (part[i] ~ /OUT/)
            said = said (part[i] ~ /IN/ ? " in/out" : " out")
    }
    return said
}

BEGIN {
    n = split(file, part, ".")
    name = part[n - 1]
    task = part[n]
    side = name == "server" ? "s" : "c"
    asleep = 0.005
    waits = " accept accept4 recv recvfrom recvmsg read poll ppoll select pselect6 epoll_wait epoll_pwait nanosleep clock_nanosleep "
}

# A call's return is not recorded: only how long it took after strace had noted it.
# It was before the task's next line; to be late does no harm to the order.
due != "" {
    if ($1 < returned + 0.002 && $1 > returned)
        returned = $1 - 0.000001
    put(returned, due_kind, due)
    due = ""
}

/^[0-9.]+ \+\+\+ / {
    if ($3 == "exited")
        put($1, "note", "(ends, status " $5 ")")
    else if ($5 != "SIGKILL") # the scene itself says that it kills
        put($1, "note", "(" $3 " " $4 " " $5 ")")
    next
}
!/^[0-9.]+ [a-z_0-9]+\(/ { next }
{
    time = $1
    line = substr($0, length($1) + 2)
    call = line; sub(/\(.*/, "", call)
    if (call ~ /^(v?fork|clone3?)$/) {
        if (line ~ /CLONE_THREAD/ && match(line, /= [0-9]+/))
            print_event(time, "thread", substr(line, RSTART + 2, RLENGTH - 2))
        next
    }
    # A call that a signal has interrupted, and that goes on.
    resumed = match(line, /interrupted [a-z_0-9]+/) && call == "restart_syscall"
    if (resumed)
        call = substr(line, RSTART + 12, RLENGTH - 12)
    connected = match(line, /(TCP|UDP):\[127\.0\.0\.1:[0-9]+->127\.0\.0\.1:9999\]/)
    if (connected) {
        mine = substr(line, RSTART + 15, RLENGTH); sub(/-.*/, "", mine)
        if (side == "c")
            put(time, "port", mine)
    }
    socket = line ~ /^[a-z_0-9]+\([0-9]+<(TCP|UDP|socket)/
    stream = line ~ /^[a-z_0-9]+\([0-9]+<TCP/
    input = line ~ /^read\(0</
    if (line ~ /^[a-z_0-9]+\([0-9]+<UNIX|AF_UNIX|AF_NETLINK/)
        next
    if (!touches && (call == "socket" || line ~ /[0-9]<(TCP|UDP|socket)/)) {
        touches = 1
        print_event(time, "socket", "")
    }
    if (call ~ /^(getsockname|getpeername|setsockopt|getsockopt|fcntl|socketpair)$/)
        next
    if (call ~ /^(read|write|close)$/ && !socket && !input)
        next
    gsub(/<(TCP|UDP|TCPv6|UDPv6|socket):\[([^>]|->)*\]>/, "", line)
    took = match(line, / <[0-9.]+>$/) ? substr(line, RSTART + 2, RLENGTH - 3) : -1
    if (took >= 0)
        line = substr(line, 1, RSTART - 1)
    gsub(/<(char|block) [0-9:]+>/, "", line)
    gsub(/<(\/|pipe|anon)[^<>]*>/, "", line)
    result = line
    if (!sub(/.*\) += /, "", result))
        result = "?"
    said = ""
    if (match(line, /"([^"\\]|\\.)*"(\.\.\.)?/))
        said = substr(line, RSTART, RLENGTH)
    fd = line; sub(/^[a-z_0-9]+\(/, "", fd); sub(/[,)].*/, "", fd)
    error = ""
    if (result ~ /^-1 E/) {
        error = result; sub(/^-1 /, "", error); sub(/ .*/, "", error)
        error = " " error
        result = "-1"
    } else
        sub(/ .*/, "", result)
    shown = call
    # A call that has not returned may be recorded without its last arguments.
    cut = line ~ /^recvfrom\([0-9]+, *(<unfinished|$)/
    if (call == "recvfrom" && (stream || line ~ /NULL, NULL\)/ || (connected && cut))) shown = "recv"
    if (call == "sendto" && (stream || line ~ /NULL, 0\)/)) shown = "send"
    if (call ~ /nanosleep$/) shown = "sleep"
    if (call == "accept4") shown = "accept"

    if (call == "socket") {
        kind = line; sub(/^[^,]*, /, "", kind); sub(/[,|)].*/, "", kind)
        entry = "socket(" kind ")"
    } else if (call ~ /^(bind|connect)$/) {
        where = line; sub(/.*sin6?_port=htons\(/, "", where); sub(/\).*/, "", where)
        entry = shown "(" fd ", port " where ")"
    } else if (call ~ /^(send|sendto|write)$/)
        entry = shown "(" fd ", " said ")"
    else if (call ~ /poll$/ && line ~ /^p?poll\(\[/) {
        list = line; sub(/\], .*/, "", list)
        entry = "poll(" watched(list) ")"
    } else if (call ~ /^(listen|shutdown)$/) {
        entry = line; sub(/\) += .*/, ")", entry)
    } else if (shown == "sleep") {
        seconds = match(line, /tv_sec=[0-9]+/) ? substr(line, RSTART + 7, RLENGTH - 7) : 0
        part_ = match(line, /tv_nsec=[0-9]+/) ? substr(line, RSTART + 8, RLENGTH - 8) : 0
        entry = "sleep(" (seconds + part_ / 1e9) " s)"
    } else
        entry = shown "(" fd ")"
    if (resumed)
        entry = begun
    begun = entry

    done = entry
    if (error != "" || (call !~ /^(bind|listen|connect|close|shutdown)$/ && shown != "sleep"))
        done = entry " = " result error
    back = shown (shown == "sleep" ? ": time is over" : " = " result error)
    if (call ~ /^(recv|read)/ && result > 0) {
        done = done " " said
        back = back " " said
    }
    if (call ~ /poll$/ && result == 0) {
        done = entry ": time is over"
        back = "poll: time is over"
    } else if (call ~ /poll$/ && result > 0 && !resumed) {
        list = line; sub(/.*= [0-9]+ \(/, "", list); gsub(/\|?POLLOUT/, "", list)
        gsub(/revents/, "events", list)
        done = entry ": " watched(list) " ready"
        back = "poll: " watched(list) " ready"
    }
    if (index(waits, " " call " ") == 0)
        put(time, "call", done)
    else if (result == "?" || took < 0)
        put(time, "sleep", entry)
    else if (took >= asleep) {
        put(time, "sleep", entry)
        due_kind = "wake"
        due = back
        returned = time + took
    } else {
        due_kind = "call"
        due = done
        returned = time + took
    }
}
END {
    if (due != "")
        put(returned, due_kind, due)
}
