#!/usr/bin/env bats
# Lesson 03: what the pair that reconnects promises, then what "nothing lost"
# asks.

load harness

# ---- the lesson: the server, and the faults it survives ------------------

# bats test_tags=lesson,server
@test "the server serves one client after another; one that waits has its turn" {
    about 'Run it' 'The outer loop goes back to accept when a client has left.
Until then the next one waits in the queue, and so does what it said.'
    server
    play "a open $port" 'a send one\n' 'a get ONE\n' "b open $port" 'b send two\n' \
        'b finish' 'a send three\n' 'a get THREE\n' 'a close' 'b get TWO\n' 'b end' \
        "c open $port" 'c send four\n' 'c get FOUR\n'
}

# bats test_tags=lesson,server
@test "clients that leave or reset without a word cost only themselves" {
    about 'Break it' 'recv gives 0 when a client leaves, and -1 when it resets:
this client is done, the server is not.'
    server
    play "a*9 open $port" 'a*9 close' "b*9 open $port" 'b*9 reset' \
        "n served $port"
}

# bats test_tags=lesson,server
@test "a client that resets before, during or after its answer costs only itself" {
    about 'Break it' 'send and recv give -1 for a connection that was reset: go
on with the next client.'
    local much
    much=$(printf '%08000d' 0)
    server
    play "a open $port" 'a send x' 'a get X' 'x signal STOP' 'a send hello\n' \
        'a reset' "b open $port" "b send $much" "b send $much" 'b reset' \
        'x signal CONT' "c open $port" "c send $much" 'c get 0' 'c reset' \
        "d open $port" 'd send hello\n' 'd get HELLO\n' 'd reset' "n served $port"
}

# bats test_tags=lesson,server
@test "a client that leaves before its answers does not kill the server" {
    about 'Break it' 'To send to a client that is gone raises SIGPIPE, which
ends the program, unless send is told MSG_NOSIGNAL.'
    local much
    much=$(printf '%08000d' 0)
    server
    play "c open $port" 'c send hello\n' 'c get HELLO\n' 'x signal STOP' \
        "c send $much" "c send $much" "c send $much" "c send $much" \
        "c send $much" "c send $much" "c send $much" "c send $much" \
        'c close' 'x signal CONT' "n served $port"
}

# bats test_tags=lesson,server
@test "a client that dribbles, sends all there is, and half-closes is answered whole" {
    about 'How it works' 'Bytes are a stream: each is answered when it comes, only
a to z change, and the end of what a client says is not the end of what it reads.'
    server
    play "c open $port" 'c slowly hello\n' 'c get HELLO\n' 'c all' \
        'c send one\nno newline' 'c finish' 'c get ONE\nNO NEWLINE' 'c end' \
        "n served $port"
}

# bats test_tags=lesson,server
@test "a client that reads late gets every answer; one that never reads costs only itself" {
    about 'How it works' 'send waits for a slow reader, and it may take a part,
after a signal for one: what is left is still due. EINTR is no failure.'
    server
    play "c open $port" 'c pour 67108864' 'x signal WINCH' 'x signal CHLD' \
        'x signal URG' 'x signal STOP' 'x signal CONT' 'c drain' 'c pour 67108864' \
        'x signal STOP' 'x signal CONT' 'c drain' 'c send x' 'c get X' \
        "d open $port" 'c close' 'd pour 67108864' 'd close' "n served $port"
}

# bats test_tags=lesson,server
@test "each client that leaves gives its descriptor back" {
    about 'How it works' 'Each client is closed, whichever way it went: else the
descriptors run out one day.'
    by_hand='(ulimit -n 12; ./server)'
    DESCRIPTORS=12 server
    play "a*12 open $port" 'a*12 reset' "b*12 open $port" 'b*12 close' \
        "n served $port"
}

# bats test_tags=lesson,server
@test "out of descriptors, the server neither ends nor spins" {
    about 'How it works' 'accept gives -1 and EMFILE, at once, again and again:
that is no end, and not to be tried again without a pause.'
    by_hand='(ulimit -n 4; ./server)'
    DESCRIPTORS=4 server
    play "c open $port" 'c send hello\n' 'x rests' 'x calm 100'
    runs server
}

# bats test_tags=lesson,server
@test "a port that is taken is status 1" {
    about 'Break it' 'bind says no when another program has the port.'
    peer 's listener' 'c accept s'
    start server "$port"
    ends server 1
}

# bats test_tags=lesson,server
@test "the server refuses a port that is none, and too many arguments" {
    about 'Run it' 'A port is a decimal number from 0 to 65535. What stands
behind it is bad usage too, unless it is what the exercise adds.'
    refuses server 65536
    refuses server -1
    refuses server ''
    refuses server 80x
    refuses server 9999 more
}

# bats test_tags=lesson,client
@test "the client refuses a host that is no address, and a port that is none" {
    about 'Run it' 'HOST is an IPv4 address in numbers, and PORT a decimal
number from 1 to 65535.'
    refuses client localhost
    refuses client 127.0.0.1 0
    refuses client 127.0.0.1 65536
}

# ---- the lesson: the client ----------------------------------------------

# bats test_tags=lesson
@test "killed and started again, the server finds its clients come back" {
    about 'Run it' 'The client says that the connection broke, or was refused,
waits, and connects again. SO_REUSEADDR gives the server its port back at once.'
    server
    client
    say 'one\n'
    prints 'ONE\n'
    kill "${group[server]}"
    ends server 143
    # Another client finds nobody: it says so, and tries again.
    local reader
    echo late >"$room/late"
    exec {reader}<"$room/late"
    start client-2 127.0.0.1 "$port"
    exec {reader}<&-
    unset reader
    play "x said $room/client-2.err 100"
    server "$port"
    say 'two\nthree\n'
    hang_up
    ends client 0
    ends client-2 0
    local text got
    got=$(<"$room/client.out")
    in_letters 'ONE\nTWO\nTHREE'
    # The second line was in hand: the lesson loses it.
    if [ "$got" != "$(printf '%b' "$text")" ] &&
        [ "$got" != "$(printf '%b' "$text" | sed 2d)" ]; then
        fail 'sent      "one\n", then a break, "two\n" and "three\n"' \
            "got       $(printf %q "$got")" \
            'The answers to one and three are due in any case.'
    fi
    [ "$(<"$room/client-2.out")" = LATE ] ||
        fail 'A client that was refused at first has no answer to "late\n".'
}

# bats test_tags=lesson
@test "the client is a dialogue: it prints each answer before the next line" {
    about 'Run it' 'Send a line, print its answer, and only then read the next
line. Standard output holds back what is not flushed.'
    server
    client
    say 'hello\n'
    prints 'HELLO\n'
    say '\n\nagain\n'
    prints 'HELLO\nAGAIN\n'
    say 'exit\nmore\n'
    ends client 0
    prints 'HELLO\nAGAIN\nEXIT\n'
}

# bats test_tags=lesson,client
@test "an answer that comes in pieces is awaited whole, NUL and all" {
    about 'How it works' 'The answer has as many bytes as the line, be the last
a newline or not: read until all are here.'
    peer 's listener' 'c accept s' 'c get one\n' 'c slowly ONE\n' \
        'c get a\0b\xff\n' 'c send A\0' 'c quiet 20' 'c send B\xff\n' \
        'c get last' 'c slowly LAST' 'c end'
    client
    say 'one\n\na\0b\xff\nlast'
    hang_up
    ends client 0
    peer_done
    prints 'ONE\nA\0B\xff\nLAST'
}

# bats test_tags=lesson,client
@test "the client waits for its answer in recv: it does not spin" {
    about 'How it works' 'Without MSG_DONTWAIT recv waits until something comes. It
is told not to wait only while a part of the line is still to be sent.'
    peer 's listener' 'c accept s' 'c get one\n' 'c send ONE\n' 'c get two\n' \
        "c until $room/rests" 'c send TWO\n' 'c end'
    client
    say 'one\n'
    prints 'ONE\n'
    say 'two\n'
    WATCHED=${group[client]} play 'x rests' "x touch $room/rests"
    hang_up
    ends client 0
    peer_done
}

# bats test_tags=lesson
@test "a line that no buffer holds goes through whole, and neither side waits for ever" {
    about 'How it works' 'If all of it is sent before any answer is read, both
sides end up sending, and nobody reads: send and receive by turns. Memory for a
line, or for its answer, grows with the line.'
    server
    client
    say 'hey\n'
    many a >&"$writer" || fail 'The client reads no more of its input.'
    say '\nbye\n'
    hang_up
    finishes client 0
    printed <(printf 'HEY\n'; many A; printf '\nBYE\n')
}

# ---- the exercise: nothing lost ------------------------------------------

# bats test_tags=exercise
@test "nothing lost: the line in hand when the connection breaks is sent again" {
    about 'Exercise: nothing lost' 'A line is done when its whole answer is here.
Until then it is kept, and goes again on the next connection, and the next.'
    peer 's listener' 'a accept s' 'a get one\n' 'a send ONE\n' \
        'a get two\n' 'a close' 'b accept s' 'b get two\n' 'b close' \
        'c accept s' 'c get two\n' 'c send TWO\n' 'c get three\n' \
        'c send THREE\n' 'c end'
    client
    say 'one\ntwo\nthree\n'
    hang_up
    ends client 0
    peer_done
    prints 'ONE\nTWO\nTHREE\n'
}

# bats test_tags=exercise
@test "nothing lost: an answer of which a part had come is printed once" {
    about 'Exercise: nothing lost' 'A line goes again as long as its whole answer is not
here, exit too. Then the whole answer comes: what had come of it before is no output.'
    peer 's listener' 'a accept s' 'a get hello\n' 'a send HEL' 'a close' \
        'b accept s' 'b get hello\n' 'b slowly HELLO\n' 'b get exit\n' \
        'b send EXIT' 'b reset' 'c accept s' 'c get exit\n' 'c send EXIT\n' 'c end'
    client
    say 'hello\nexit\nmore\n'
    ends client 0
    peer_done
    prints 'HELLO\nEXIT\n'
}

# bats test_tags=exercise
@test "nothing lost: a line typed after the server has gone is kept, too" {
    about 'Exercise: nothing lost' 'That the server has gone is found only with the
next line: send fails (EPIPE; MSG_NOSIGNAL), or the line went into nothing. It is due.'
    peer 's listener' 'a accept s' 'a get one\n' 'a send ONE\n' 'a finish' 'a reset'
    client
    say 'one\n'
    prints 'ONE\n'
    peer_done
    peer "s listener $port" 'b accept s' 'b get two\n' 'b send TWO\n' 'b close'
    say 'two\n'
    prints 'ONE\nTWO\n'
    peer_done
    peer "s listener $port" 'c accept s' 'c get last' 'c send LAST' 'c end'
    say 'last'
    hang_up
    ends client 0
    peer_done
    prints 'ONE\nTWO\nLAST'
}

# bats test_tags=exercise
@test "nothing lost: NUL bytes and a long line are sent again whole" {
    about 'Exercise: nothing lost' 'Keep the line with its length. What was sent
of it before the break counts for nothing.'
    local long
    long=$(printf '%020000d' 0)
    peer 's listener' 'a accept s' "a get a\0b${long:15000}" \
        "a send A\0B${long:15000}" 'a close' 'b accept s' 'b get a\0b' 'b send A\0B' \
        'b upper'
    client
    say "a\0b$long\0\nx\0y\n"
    hang_up
    ends client 0
    peer_done
    prints "A\0B$long\0\nX\0Y\n"
}

# bats test_tags=exercise
@test "nothing lost: a refusal at the start is no end, either" {
    about 'Exercise: nothing lost' 'A refused connect is an attempt like any
other: close its socket (here a second has no room), wait, and try again.'
    peer 's bind' "x said $room/client.err 500" 's listen' 'a accept s' \
        'a get hello\n' 'a send HELLO\n' 'a end'
    DESCRIPTORS=4 client 127.0.0.1 "$port" 8
    say 'hello\n'
    hang_up
    ends client 0
    peer_done
    prints 'HELLO\n'
}

# bats test_tags=exercise
@test "nothing lost: the waits are 50, 100 and 200 ms, and 50 after a whole answer" {
    about 'Exercise: nothing lost' 'Each wait is twice the one before: 350 ms for
three. A whole answer sets it back to 50 ms; a connection, or a part of an answer,
does not.'
    peer 's listener' 'a accept s' 'a get one\n' 'a send ONE\n' 'a get two\n' \
        'x mark' 'a send T' 'a close' 'b accept s' 'x after 45' 'b get two\n' \
        'b send TW' 'b close' 'c accept s' 'x after 145' 'c get two\n' \
        'c send TWO' 'c reset' 'd accept s' 'x after 345' 'x before 500' \
        'd get two\n' 'd send TWO\n' 'd get three\n' 'x mark' 'd close' \
        'e accept s' 'x after 45' 'x before 250' 'e get three\n' \
        'e send THREE\n' 'e end'
    client
    say 'one\ntwo\nthree\n'
    hang_up
    ends client 0
    peer_done
    prints 'ONE\nTWO\nTHREE\n'
}

# bats test_tags=exercise
@test "nothing lost: after TRIES attempts it gives up, with status 1" {
    about 'Exercise: nothing lost' 'Each connect is an attempt, the first as well.
Only a whole answer begins the count again: a connection does not. After the last
attempt there is no wait (here of 800 ms).'
    peer 's listener' 'a accept s' 'a get hello\n' 'a send HELL' 'a close' \
        'b accept s' 'b get hello\n' 'b close' 'c accept s' 'c get hello\n' \
        'c reset' 'd accept s' 'd get hello\n' 'd close' 'e accept s' \
        'e get hello\n' "x touch $room/last" 'e close'
    client 127.0.0.1 "$port" 5
    say 'hello\nmore\n'
    WATCHED=${group[client]} play 's bind' "s until $room/last" 'x mark' \
        'x left' 'x before 400'
    ends client 1
    peer_done
    complains client .
    prints ''
}

# bats test_tags=exercise,slow
@test "nothing lost: without TRIES it makes 8 attempts, and no wait is above 800 ms" {
    about 'Exercise: nothing lost' 'The waits are 50, 100, 200, 400 and three times
800 ms: 3,150 in all. After the last attempt there is none.'
    peer 's bind' "s until $room/left"
    client 127.0.0.1 "$port"
    PATIENCE=5000 WATCHED=${group[client]} play 'x runs' 'x mark' 'x left' \
        'x after 2900' 'x before 3400'
    ends client 1
    : >"$room/left"
    peer_done
}

# bats test_tags=exercise
@test "nothing lost: with TRIES 3 it makes three attempts, with TRIES 1 one" {
    about 'Exercise: nothing lost' 'With TRIES 3 the waits are 50 and 100 ms; with
TRIES 1 there is none. A connection that breaks counts like one that is refused.'
    peer 's bind' 'x mark' "s until $room/left" 'x after 145'
    client 127.0.0.1 "$port" 3
    ends client 1
    : >"$room/left"
    peer_done
    complains client .
    peer 's listener' 'a accept s' 'a get x\n' 'a reset' "s until $room/over"
    client 127.0.0.1 "$port" 1
    say 'x\n'
    ends client 1
    : >"$room/over"
    peer_done
}

# bats test_tags=exercise
@test "nothing lost: each connection that broke gives its descriptor back" {
    about 'Exercise: nothing lost' 'Close the old connection before the next attempt:
else the descriptors run out one day (here two are enough).'
    peer 's listener' 'a accept s' 'a get 1\n' 'a close' 'b accept s' \
        'b get 1\n' 'b send 1\n' 'b get 2\n' 'b close' 'c accept s' 'c get 2\n' \
        'c send 2\n' 'c end'
    DESCRIPTORS=5 client
    say '1\n2\n'
    hang_up
    ends client 0
    peer_done
    prints '1\n2\n'
}

# bats test_tags=exercise
@test "nothing lost: a whole answer begins the count of attempts again" {
    about 'Exercise: nothing lost' 'TRIES attempts in a row without a whole answer
end it: not as many in all.'
    peer 's listener' 'a accept s' 'a get 1\n' 'a close' 'b accept s' \
        'b get 1\n' 'b send 1\n' 'b get 2\n' 'b close' 'c accept s' 'c get 2\n' \
        'c send 2\n' 'c get 3\n' 'c send 3' 'c close' 'd accept s' 'd get 3\n' \
        'd send 3\n' 'd end'
    client 127.0.0.1 "$port" 2
    say '1\n2\n3\n'
    hang_up
    ends client 0
    peer_done
    prints '1\n2\n3\n'
}

# bats test_tags=exercise
@test "nothing lost: TRIES is a number above 0, and the last argument" {
    about 'Exercise: nothing lost' 'Anything else is bad usage, status 2.'
    server
    client 127.0.0.1 "$port" 1
    say 'hello\n'
    hang_up
    ends client 0
    refuses client 127.0.0.1 9999 0
    refuses client 127.0.0.1 9999 -1
    refuses client 127.0.0.1 9999 ''
    refuses client 127.0.0.1 9999 3x
    refuses client 127.0.0.1 9999 3 more
}
