#!/usr/bin/env bats
# Lesson 01: what the one-shot pair promises, then what "whoami" asks.

load harness

# ---- the lesson ----------------------------------------------------------

# bats test_tags=lesson,server
@test "the server answers the message in upper case and ends the connection" {
    about 'How it works' 'recv gives a count; that many bytes are answered.'
    server
    ask 'hello\n'
    expect 'HELLO\n'
}

# bats test_tags=lesson,server
@test "when the client has gone, the server leaves with status 0" {
    about 'How it works' 'One client, one answer: then the server is done.'
    server
    ask 'hello\n'
    ends server 0
}

# bats test_tags=lesson,server
@test "only the letters a to z change; NUL and UTF-8 bytes come back as they went" {
    about 'How it works' 'A message is a count of bytes, and no string.'
    server
    ask 'a\0b\xc3\xa9\xff{z`\n'
    expect 'A\0B\xc3\xa9\xff{Z`\n'
}

# bats test_tags=lesson,server
@test "a message needs no newline, and the sender need not half-close" {
    about 'How it works' 'The message is what the first recv brings.'
    server
    play "c open $port" 'c send hello' 'c get HELLO' 'c end' 'c close'
    ends server 0
}

# bats test_tags=lesson,server
@test "of a long message the first 1,024 bytes are answered, and not lost" {
    about 'The limit' 'To close with bytes unread makes a reset, which can
destroy the answer: half-close, and read until the client has gone.'
    server
    local kilobyte
    kilobyte=$(printf '%01024d' 0)
    play "c open $port" "c send $kilobyte${kilobyte}more" 'c finish' \
        "c get $kilobyte" 'c end'
    ends server 0
}

# bats test_tags=lesson,server
@test "a client that leaves or resets without a word ends the server with status 0" {
    about 'How it works' 'recv gives 0 when the client leaves, and -1 when it
resets. Neither is a failure of the server.'
    server
    play "c open $port" 'c close'
    ends server 0
    server
    play "c open $port" 'c reset'
    ends server 0
}

# bats test_tags=lesson,server
@test "a client that resets before the answer ends the server with status 0" {
    about 'How it works' 'To send to a peer that has gone is an error, and no
failure of the server. MSG_NOSIGNAL: without it, the signal SIGPIPE ends it.'
    server
    play 'the signal STOP' "c open $port" 'c send hello\n' 'c finish' 'c reset' \
        'the signal CONT'
    ends server 0
    server
    play 'the signal STOP' "c open $port" 'c send hello\n' 'c reset' \
        'the signal CONT'
    ends server 0
}

# bats test_tags=lesson,server
@test "the server listens on the port it is told, again and at once" {
    about 'How it works' 'htons puts the two bytes of the port in the order of
the network. SO_REUSEADDR lets a new server take the port although the
connection that an earlier one ended is remembered.'
    server
    play "c open $port" 'c send one' 'c get ONE' 'c end' 'c close'
    ends server 0
    server "$port"
    ask 'two\n'
    expect 'TWO\n'
}

# bats test_tags=lesson,server
@test "a port that is taken is status 1" {
    about 'Break it' 'bind says no when another program has the port.'
    peer 's listener' "s until $room/done"
    start server "$port"
    ends server 1
    touch "$room/done"
    peer_done
}

# bats test_tags=lesson,server
@test "the server refuses a port that is none, and too many arguments" {
    about 'Run it' 'A port is a decimal number from 0 to 65535. What stands
behind it is bad usage too, unless it is what the exercise adds.'
    refuses server 65536
    refuses server -1
    refuses server ''
    refuses server 80x
    refuses server x
    refuses server 9999 more
}

# bats test_tags=lesson,client
@test "the client sends one line and prints the answer" {
    about 'How it works' 'One line goes, with its newline and nothing behind
it. Then the half-close says that this was all.'
    peer 's listener' 'c accept s' 'c get hello\n' 'c end' 'c send HELLO\n' 'c close'
    client
    say '\nhello\nnot this\n'
    ends client 0
    peer_done
    prints 'HELLO\n'
}

# bats test_tags=lesson,client
@test "the client prints all until the end, however it is cut" {
    about 'How it works' 'One send may arrive in pieces: read until recv gives 0.'
    peer 's listener' 'c accept s' 'c get hello' 'c send HE' 's none 100' \
        'c slowly LLO' 'c close'
    client
    say 'hello'
    hang_up
    ends client 0
    peer_done
    prints 'HELLO'
}

# bats test_tags=lesson,client
@test "bytes that are no text pass through the client, NUL too" {
    about 'How it works' 'There is no NUL behind the bytes, and a NUL is a byte
like any other: count the bytes, of the line and of the answer.'
    peer 's listener' 'c accept s' 'c get a\0b\xff\n' 'c end' \
        'c send A\0B\xff\n' 'c close'
    client
    say 'a\0b\xff\n'
    ends client 0
    peer_done
    prints 'A\0B\xff\n'
}

# bats test_tags=lesson,client
@test "a long line goes through the client whole, and neither side waits for ever" {
    about 'How it works' 'If all of it is sent before any answer is read, both
sides end up sending, and nobody reads: send and receive by turns.'
    peer 's listener' 'c accept s' 'c upper'
    client
    many a >&"$writer" || fail 'The client reads no more of its input.'
    hang_up
    peer_done
    finishes client 0
    printed <(many A)
}

# bats test_tags=lesson,client
@test "a client with nothing to send leaves with status 0" {
    about 'Break it' 'An empty line is not sent, and the end of the input is no
failure: the client connects and leaves.'
    peer 's listener' 'c accept s' 'c end'
    client
    say '\n\n'
    hang_up
    ends client 0
    peer_done
}

# bats test_tags=lesson,client
@test "a connection that is refused makes the client's status 1" {
    about 'Break it' 'connect says "Connection refused" when nobody listens.'
    peer 's bind' "s until $room/done"
    client
    ends client 1
    touch "$room/done"
    peer_done
}

# bats test_tags=lesson,client
@test "a server that leaves without an answer makes the client's status 1" {
    about 'How it works' 'recv gave 0 before anything had come.'
    peer 's listener' 'c accept s' 'c get hello\n' 'c close'
    client
    say 'hello\n'
    ends client 1
}

# bats test_tags=lesson,client
@test "the client refuses a host that is no address, and a port that is none" {
    about 'Run it' 'HOST is an IPv4 address in numbers; names come later.'
    refuses client localhost
    refuses client 127.0.0.1 0
    refuses client 127.0.0.1 65536
    refuses client 127.0.0.1 ''
    refuses client 127.0.0.1 9999 more
}

# ---- the exercise: whoami ------------------------------------------------

# bats test_tags=exercise
@test "whoami: the answer is the caller's own address and port" {
    about 'Exercise: whoami' 'The caller is the other end of the connection:
its peer.'
    server
    by_hand="printf 'whoami\n' | nc -N -p 54321 127.0.0.1 9999"
    play "c open $port" 'c whoami whoami\n' 'c end'
    ends server 0
    server
    by_hand="printf 'whoami\n' | nc -N -s 127.0.0.2 -p 54321 127.0.0.1 9999"
    play "c open $port 127.0.0.2" 'c whoami whoami\n' 'c end'
}

# bats test_tags=exercise
@test "whoami: the newline may be missing, or be carriage return and newline" {
    about 'Exercise: whoami' 'Three messages ask the question, and the answer
is the same.'
    local message
    for message in whoami 'whoami\r\n'; do
        server
        by_hand="printf '$message' | nc -N -p 54321 127.0.0.1 9999"
        play "c open $port" "c whoami $message" 'c end'
        ends server 0
    done
}

# bats test_tags=exercise
@test "whoami: after the answer the server stays until the caller has gone" {
    about 'Exercise: whoami' 'All else stays: the half-close, and the reading
until the client has gone. To close at once could destroy the answer.'
    server
    play "c open $port" 'c whoami whoami\n' 'c end' 'c slowly there is more' \
        'c close'
    ends server 0
}

# bats test_tags=exercise
@test "whoami: every other message is answered as before" {
    about 'Exercise: whoami' 'The whole message counts, not how it begins.'
    server
    play "c open $port" 'c whoami whoami' 'c close'
    ends server 0
    local messages=('whoami?' 'WHOAMI?' WHOAMI WHOAMI
        'whoami \n' 'WHOAMI \n' ' whoami\n' ' WHOAMI\n' 'whoami\n\n' 'WHOAMI\n\n'
        'whoami\r' 'WHOAMI\r' whoam WHOAM 'whoami\0' 'WHOAMI\0'
        'whoami\nwhoami\n' 'WHOAMI\nWHOAMI\n')
    set -- "${messages[@]}"
    for (( ; $#; )); do
        server
        ask "$1"
        expect "$2"
        ends server 0
        shift 2
    done
}
