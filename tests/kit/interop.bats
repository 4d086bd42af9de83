#!/usr/bin/env bats
# The lessons' programs talk with programs that nobody here wrote: netcats,
# socat, bash and Python, on both sides.

load built

# Fails, and says how to get the program, when it is not here.
needs() {
    command -v "$1" >/dev/null && return
    echo "$1 is missing. On Debian it is in the package ${2-$1}: apt-get install ${2-$1}"
    return 1
}

# Makes the bash script on standard input the client or the server that
# stands opposite. A client is told HOST and PORT.
foreign() {
    mkdir -p "$room/foreign"
    { echo '#!/usr/bin/env bash' && cat; } >"$room/foreign/$1"
    chmod +x "$room/foreign/$1"
}

foreign_client() {
    PROGRAMS=$room/foreign client
}

# Whatever the address on which it listens: busybox takes all.
foreign_server() {
    local where
    # It may stay for longer than our client, so that it ends nothing first.
    PATIENCE=$((3 * PATIENCE)) PROGRAMS=$room/foreign start server
    where=$("$DRIVER" listening "${group[server]}" "${registry[$lesson:protocol]}" "$PATIENCE") ||
        fail 'The other side never listened.'
    port=${where#* }
}

# ---- our servers, their clients ------------------------------------------

# The foreign client and a server of ours. With "once" the client has but one
# answer to get.
is_answered() {
    local many=${1-}
    server
    foreign_client
    say 'hello\n'
    prints 'HELLO\n'
    if [ "${registry[$lesson:serves]}" != once ] && [ "$many" != once ]; then
        say 'Hello, w\xc3\xb6rld!\n'
        prints 'HELLO\nHELLO, W\xc3\xb6RLD!\n'
    fi
    hang_up
    ends client 0
    if [[ ${registry[$lesson:serves]} =~ ^(once|one)$ ]]; then
        ends server 0
    else
        runs server
        stop server
    fi
}

answered_by_all() {
    local of
    for of in $(that_serve once one queue many); do
        take lessons "$of"
        is_answered "$@"
    done
}

@test "the servers answer OpenBSD's netcat" {
    needs nc.openbsd netcat-openbsd
    foreign client <<<'exec nc.openbsd -N "$1" "$2"'
    answered_by_all
}

@test "the servers answer the traditional netcat" {
    needs nc.traditional netcat-traditional
    # It cannot half-close: at the end of its input it quits.
    foreign client <<<'exec nc.traditional -q 0 "$1" "$2"'
    answered_by_all
}

@test "the servers answer nmap's ncat" {
    needs ncat
    foreign client <<<'exec ncat "$1" "$2"'
    answered_by_all
}

@test "the servers answer busybox's netcat" {
    needs busybox
    foreign client <<<'exec busybox nc "$1" "$2"'
    answered_by_all
}

@test "the servers answer socat" {
    needs socat
    foreign client <<<'exec socat - "TCP:$1:$2"'
    answered_by_all
}

@test "the servers answer bash's /dev/tcp" {
    foreign client <<'end'
exec 3<>"/dev/tcp/$1/$2"
while IFS= read -r line; do
    printf '%s\n' "$line" >&3
    IFS= read -r answer <&3
    printf '%s\n' "$answer"
done
end
    answered_by_all
}

@test "the servers answer a Python client that sends no newline and receives once" {
    needs python3
    foreign client <<'end'
exec python3 -c '
import socket, sys
sys.stdin.readline()
with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as s:
    s.sendall(b"hello")
    print(s.recv(1024).decode())
' "$@"
end
    answered_by_all once
}

# Of a large text 01 answers the first 1,024 bytes, and loses nothing of that.
sent_whole() {
    server
    foreign_client
    if [ "${registry[$lesson:serves]}" = once ]; then
        prints '1024 True\n'
        ends server 0
    else
        prints '200000 True\n'
    fi
    hang_up
    ends client 0
}

@test "the servers answer a Python client that sends a large text at once" {
    needs python3
    foreign client <<'end'
exec python3 -c '
import socket, sys
text = b"0123456789 text\n" * 12500
with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as s:
    s.sendall(text)
    s.shutdown(socket.SHUT_WR)
    with s.makefile("rb") as answers:
        answer = answers.read()
    print(len(answer), answer == text.upper()[:len(answer)])
' "$@"
end
    local of
    for of in $(that_serve once one queue many); do
        take lessons "$of"
        sent_whole
        [ -z "${group[server]-}" ] || stop server
    done
}

# ---- our clients, their servers ------------------------------------------

# A client of ours gets its answers from the foreign server.
gets_its_answers() {
    take "$1" "$2"
    foreign_server
    client
    say 'hello\n'
    prints 'HELLO\n'
    if [ "${registry[$lesson:serves]}" != once ]; then
        say 'a\0b \xc3\xb6\xff\n\nexit\n'
        prints 'HELLO\nA\0B \xc3\xb6\xff\nEXIT\n'
    fi
    ends client 0
    hang_up
    stop server
}

# All the clients, or those of the dialogues.
all_get_answers() {
    get_answers once
    dialogues_get_answers
}

dialogues_get_answers() {
    get_answers one queue many
}

# The clients of the lessons that serve so, each text once.
get_answers() {
    local of
    for of in $(that_serve "$@"); do
        [[ $(own_clients) == *$of* ]] || continue
        gets_its_answers lessons "$of"
        [ "${registry[$of:exercise]}" = server ] || gets_its_answers solutions "$of"
    done
}

# What a foreign server runs for each client: no byte waits for another.
upper='exec stdbuf -o0 tr a-z A-Z'

@test "the clients get their answers from nmap's ncat" {
    needs ncat
    foreign server <<<"exec ncat -l -k 127.0.0.1 0 -c '$upper'"
    # Not 01: when its client half-closes, ncat ends the connection before the
    # command's answer has come.
    dialogues_get_answers
}

@test "the clients get their answers from socat with EXEC" {
    needs socat
    foreign command <<<"$upper"
    foreign server <<<"exec socat TCP-LISTEN:0,bind=127.0.0.1,fork EXEC:'$room/foreign/command'"
    all_get_answers
}

@test "the clients get their answers from socat with SYSTEM" {
    needs socat
    foreign server <<<"exec socat TCP-LISTEN:0,bind=127.0.0.1,fork SYSTEM:'$upper'"
    all_get_answers
}

@test "the clients get their answers from the traditional netcat with -c and -e" {
    needs nc.traditional netcat-traditional
    foreign server <<<"exec nc.traditional -l -s 127.0.0.1 -c '$upper'"
    all_get_answers
    foreign command <<<"$upper"
    foreign server <<<"exec nc.traditional -l -s 127.0.0.1 -e '$room/foreign/command'"
    all_get_answers
}

@test "the clients get their answers from busybox's netcat" {
    needs busybox
    foreign command <<<"$upper"
    foreign server <<<"exec busybox nc -l -p 0 -e '$room/foreign/command'"
    all_get_answers
}

@test "the clients get their answers from OpenBSD's netcat and a FIFO" {
    needs nc.openbsd netcat-openbsd
    foreign command <<<"$upper"
    foreign server <<<"rm -f '$room/fifo'
mkfifo '$room/fifo'
nc.openbsd -l 127.0.0.1 0 <'$room/fifo' | '$room/foreign/command' >'$room/fifo'"
    # Not 01: when its client half-closes, this netcat may quit before the
    # answer is there.
    dialogues_get_answers
}

@test "the clients get their answers from a Python server" {
    needs python3
    foreign server <<'end'
exec python3 -c '
import socket
with socket.create_server(("127.0.0.1", 0)) as s:
    while True:
        conn, _ = s.accept()
        with conn:
            while data := conn.recv(1024):
                conn.sendall(data.upper())
'
end
    all_get_answers
}

# ---- datagrams -----------------------------------------------------------

# What these clients do at the end of their input is not the same: netcats
# without a time limit stay.
datagrams_are_answered() {
    take lessons "$(that_serve datagrams)"
    server
    foreign_client
    say 'hello\n'
    prints 'HELLO\n'
    say 'Hello, w\xc3\xb6rld!\n'
    prints 'HELLO\nHELLO, W\xc3\xb6RLD!\n'
    hang_up
    stop client
    runs server
    stop server
}

# Not busybox's netcat: Debian builds it without UDP.
@test "the UDP server answers OpenBSD's netcat" {
    needs nc.openbsd netcat-openbsd
    foreign client <<<'exec nc.openbsd -u "$1" "$2"'
    datagrams_are_answered
}

@test "the UDP server answers the traditional netcat" {
    needs nc.traditional netcat-traditional
    foreign client <<<'exec nc.traditional -u "$1" "$2"'
    datagrams_are_answered
}

@test "the UDP server answers nmap's ncat" {
    needs ncat
    foreign client <<<'exec ncat -u "$1" "$2"'
    datagrams_are_answered
}

@test "the UDP server answers socat" {
    needs socat
    foreign client <<<'exec socat - "UDP:$1:$2"'
    datagrams_are_answered
}

@test "the UDP server answers bash's /dev/udp" {
    # bash's own read takes a byte at a time, and the rest of the datagram is
    # lost.
    foreign client <<'end'
exec 3<>"/dev/udp/$1/$2"
while IFS= read -r line; do
    printf '%s\n' "$line" >&3
    head -n 1 <&3
done
end
    datagrams_are_answered
}

@test "the UDP server answers a Python client" {
    needs python3
    foreign client <<'end'
exec python3 -c '
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    for line in sys.stdin.buffer:
        s.sendto(line, (sys.argv[1], int(sys.argv[2])))
        sys.stdout.buffer.write(s.recv(1024))
        sys.stdout.buffer.flush()
' "$@"
end
    datagrams_are_answered
}

datagrams_get_answers() {
    get_answers datagrams
}

# Not the traditional netcat: by UDP it listens on no port of the system's
# choice.
@test "the UDP clients get their answers from OpenBSD's netcat and a FIFO" {
    needs nc.openbsd netcat-openbsd
    foreign command <<<"$upper"
    foreign server <<<"rm -f '$room/fifo'
mkfifo '$room/fifo'
nc.openbsd -u -l 127.0.0.1 0 <'$room/fifo' | '$room/foreign/command' >'$room/fifo'"
    datagrams_get_answers
}

@test "the UDP clients get their answers from nmap's ncat" {
    needs ncat
    foreign server <<<"exec ncat -u -l 127.0.0.1 0 -c '$upper'"
    datagrams_get_answers
}

@test "the UDP clients get their answers from socat" {
    needs socat
    foreign command <<<"$upper"
    foreign server <<<"exec socat UDP-RECVFROM:0,bind=127.0.0.1,fork EXEC:'$room/foreign/command'"
    datagrams_get_answers
}

@test "the UDP clients get their answers from a Python server" {
    needs python3
    foreign server <<'end'
exec python3 -c '
import socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    s.bind(("127.0.0.1", 0))
    while True:
        data, address = s.recvfrom(65535)
        s.sendto(data.upper(), address)
'
end
    datagrams_get_answers
}
