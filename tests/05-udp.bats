#!/usr/bin/env bats
# Lesson 05: what the pair that speaks UDP promises, then what "answer or give
# up" asks.

load harness

# ---- the lesson: the server ----------------------------------------------

# bats test_tags=lesson,server
@test "each datagram is answered by a datagram, to the client it came from" {
    about 'How it works' 'recvfrom says who sent it, and sendto answers that one:
there is no connection that would know.'
    server
    play "a udp $port" "b udp $port" 'a send one\n' 'a get ONE\n' 'b send two' \
        'a send three\n' 'b get TWO' 'a get THREE\n'
}

# bats test_tags=lesson,server
@test "only the letters a to z change; NUL and UTF-8 bytes come back as they went" {
    about 'How it works' 'A message is a count of bytes, and no string.
Of these bytes, a to z change: what is above z is no letter here.'
    server
    play "c udp $port" 'c all' 'c send a\0b\xc3\xa9\xff{z`\n' 'c get A\0B\xc3\xa9\xff{Z`\n'
}

# bats test_tags=lesson,server
@test "an empty datagram is a message, and its answer is empty, too" {
    about 'Break it' 'recvfrom gives 0 for a datagram of no bytes. With UDP that
is no end: nobody has left.'
    server
    play "c udp $port" 'c send' 'c get' 'c send hello\n' 'c get HELLO\n'
}

# bats test_tags=lesson,server
@test "the largest datagram, 65,507 bytes, is answered whole" {
    about 'Break it' 'What does not fit into the buffer of recvfrom is cut off
and lost: a datagram is read at once or never.'
    server
    play "c udp $port" 'c datagram 65507' 'c datagram 1' 'c datagram 4097'
}

# bats test_tags=lesson,server
@test "after a burst of 10,000 datagrams the server still answers" {
    about 'Break it' 'Some of them get lost, for nobody waits until there is
room. That is allowed; to end or to hang is not.'
    server
    play "c udp $port" 'c burst 10000' "d udp $port" 'd send hello\n' 'd get HELLO\n'
}

# bats test_tags=lesson,server
@test "a client that has gone before its answer costs the server nothing" {
    about 'Break it' 'The answer finds nobody, and the system says so (ICMP). That
is no reason to end.'
    server
    play "a udp $port" "b udp $port" "c udp $port" 'x signal STOP' 'a send hello\n' \
        'b send' 'a close' 'b close' 'c send one\n' 'x signal CONT' 'c get ONE\n' \
        'c send two\n' 'c get TWO\n'
}

# bats test_tags=lesson,server
@test "a port that is taken is status 1, and a freed one can be used at once" {
    about 'Break it' 'bind says no when another program has the port. With
SO_REUSEADDR, two UDP servers would share it, and one would get nothing.'
    server
    start server-2 "$port"
    ends server-2 1
    kill "${group[server]}"
    ends server 143
    server "$port"
    play "c udp $port" 'c send hello' 'c get HELLO'
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
@test "the client prints each answer before the next line is typed" {
    about 'Run it' 'A line is a datagram, and so is its answer: send one, print
the other, and only then read the next line.'
    server
    client
    say 'hello\n'
    prints 'HELLO\n'
    say 'a\0b\xff\n'
    prints 'HELLO\nA\0B\xff\n'
    say 'last'
    hang_up
    ends client 0
    prints 'HELLO\nA\0B\xff\nLAST'
}

# bats test_tags=lesson
@test "empty lines are not sent, and exit is the last line" {
    about 'Run it' 'Empty lines are passed over. exit is sent and answered like
any other; then the client leaves.'
    server
    client
    say '\n\nexit now\n\nexit\nmore\n'
    ends client 0
    prints 'EXIT NOW\nEXIT\n'
}

# bats test_tags=lesson
@test "a long line goes whole; one that no datagram can carry is status 1" {
    about 'Break it' 'send says "Message too long" above 65,507 bytes. Nothing
is cut off in silence.'
    local line
    line=$(printf '%065000d' 0)
    server
    client
    say "$line\n"
    prints "$line\n"
    say "$line$line\nmore\n"
    ends client 1
    prints "$line\n"
    complains client .
}

# bats test_tags=lesson,client
@test "nobody at home is status 1" {
    about 'Break it' 'No server is at that port. The socket is connected, so the
refusal comes back to it: "Connection refused".'
    peer 's udp-deaf' "s until $room/over"
    client
    say 'hello\n'
    PATIENCE=5000 ends client 1 # with the exercise solved, after a second
    complains client .
}

# ---- the exercise: answer or give up -------------------------------------

# bats test_tags=exercise
@test "answer or give up: a line travels with its number, and the answer is printed without" {
    about 'Exercise: answer or give up' 'Line 1 is sent as "1 hello". Only lines
that are sent are counted, from 1 on.'
    peer 's udp-bind' 's take 1 hello\n' 's send 1 HELLO\n' 's take 2 2 b\0\xff\n' \
        's send 2 2 B\0\xff\n' 's take 3 exit' 's send 3 EXIT'
    client
    say '\nhello\n\n\n2 b\0\xff\n\nexit'
    hang_up
    ends client 0
    peer_done
    prints 'HELLO\n2 B\0\xff\nEXIT'
}

# bats test_tags=exercise
@test "answer or give up: after 250 ms without an answer the same datagram goes again" {
    about 'Exercise: answer or give up' 'The same number, the same bytes. And the
last of TRIES attempts has its 250 ms, too.'
    peer 's udp-bind' 's take 1 one\n' 'x mark' 's send 1 ONE\n' 's take 2 a\0b\n' \
        's take 2 a\0b\n' 'x after 240' 's quiet 60' 's send 2 A\0B\n' 's take 3 c\n' \
        's send 3 C\n'
    client 127.0.0.1 "$port" 2
    say 'one\na\0b\nc\n'
    hang_up
    peer_done
    ends client 0
    prints 'ONE\nA\0B\nC\n'
}

# bats test_tags=exercise
@test "answer or give up: late, doubled and reordered answers are no other line's" {
    about 'Exercise: answer or give up' 'What has another number is the answer to
another line: wait on.'
    peer 's udp-bind' 's take 1 one\n' 's send 2 EARLY\n' 's send 1 ONE\n' \
        's send 1 ONE AGAIN\n' 's take 2 two\n' 's send 1 LATE\n' 's send 3 EARLY\n' \
        's send 1 LATE\n' 's send 2 TWO\n' 's take 3 three\n' 's send 2 LATE\n' \
        's send 1 LATE\n' 's send 3 THREE\n'
    client
    say 'one\ntwo\nthree\n'
    hang_up
    ends client 0
    peer_done
    prints 'ONE\nTWO\nTHREE\n'
}

# bats test_tags=exercise
@test "answer or give up: an answer counts only with its number and one space" {
    about 'Exercise: answer or give up' 'Compare the whole number, and the space
behind it: 11 begins with 1, and 1 begins 11. An answer may be shorter than that.
What was wrong with an answer that counted stands in it, behind NO.'
    local steps=() i lines=''
    for i in {1..10}; do
        steps+=("s take $i x\n" "s send 11 NO-11\n" "s send 0 NO-0\n" "s send $i X\n")
        lines+='x\n'
    done
    peer 's udp-bind' "${steps[@]:0:1}" 's send 1' 's send' 's send 1NO-SPACE\n' \
        's send NO-NUMBER\n' 's send 10 NO-10\n' 's send 01 NO-01\n' \
        's send  1 NO-SPACE-BEFORE\n' 's send +1 NO-PLUS\n' 's send 1\tNO-TAB\n' \
        's send 1x 1 NO-1x\n' 's send -1 NO-MINUS\n' 's send 1\0NO-NUL\n' \
        's send 1\nNO-NEWLINE\n' 's send 257 NO-257\n' 's send 65537 NO-65537\n' \
        's send 4294967297 NO-2^32+1\n' 's send 18446744073709551617 NO-2^64+1\n' \
        "${steps[@]:1}" 's take 11 x\n' 's send 11' 's send 1 NO-1\n' \
        's send 1' 's send 11NO-SPACE\n' 's send 111 NO-111\n' 's send 11 YES\n'
    client
    say "${lines}x\n"
    hang_up
    ends client 0
    peer_done
    prints "${lines^^[x]}YES\n"
}

# bats test_tags=exercise
@test "answer or give up: lines 100 and 256 have their own numbers, too" {
    about 'Exercise: answer or give up' 'A number has as many digits as it needs.
Look at the room for it, and at its type: a byte ends at 255.'
    local lines
    lines=$(printf 'x\\n%.0s' {1..300})
    peer 's udp-bind' 's numbered 300'
    client
    say "$lines"
    hang_up
    ends client 0
    peer_done
    prints "${lines^^[x]}"
}

# bats test_tags=exercise
@test "answer or give up: what somebody else sends is no answer" {
    about 'How it works' 'A UDP socket that is connected takes datagrams from its
peer alone.'
    peer 's udp-bind' 's take 1 hello\n' 't udp-bind' 't to s' 't send 1 WRONG\n' \
        's send 1 HELLO\n'
    client
    say 'hello\n'
    hang_up
    ends client 0
    peer_done
    prints 'HELLO\n'
}

# bats test_tags=exercise
@test "answer or give up: other datagrams put the deadline off by nothing" {
    about 'Exercise: answer or give up' 'The 250 ms begin when the line is sent,
not with each wait: after a datagram that does not count, wait for what is left.'
    peer 's udp-bind' 's take 1 hello\n' 's nag 2 NO\n' 's take 1 hello\n' \
        's send 1 HELLO\n'
    client
    say 'hello\n'
    hang_up
    peer_done
    ends client 0
    prints 'HELLO\n'
}

# bats test_tags=exercise
@test "answer or give up: a refusal is no end, and no reason to hurry" {
    about 'Exercise: answer or give up' 'Nobody is at home for a moment. That
counts as no answer: after the 250 ms the datagram goes again.'
    peer 's udp-bind' 's take 1 one\n' 's deaf' 's send 1 ONE\n' 's quiet 100' 's hears' \
        's take 2 two\n' 's send 2 TWO\n'
    client 127.0.0.1 "$port" 2
    say 'one\ntwo\n'
    hang_up
    ends client 0
    peer_done
    prints 'ONE\nTWO\n'
}

# bats test_tags=exercise
@test "answer or give up: after TRIES datagrams it says which line, with status 1" {
    about 'Exercise: answer or give up' 'TRIES counts all datagrams of a line, the
first as well. No other line is sent then.'
    peer 's udp-bind' 's take 1 one\n' 's send 1 ONE\n' 's take 2 two\n' \
        "s until $room/left"
    client 127.0.0.1 "$port" 1
    say 'one\n\ntwo\nthree\n'
    ends client 1
    : >"$room/left"
    peer_done
    prints 'ONE\n'
    complains client '^client: no answer to line 2$'
}

# bats test_tags=exercise,slow
@test "answer or give up: 4 times unless given, and each has 250 ms" {
    about 'Exercise: answer or give up' 'Without TRIES a datagram is sent 4 times. No
wait is longer than the one before.'
    peer 's udp-bind' 's take 1 one\n' 'x mark' 's take 1 one\n' 's take 1 one\n' \
        's take 1 one\n' "s until $room/left" 'x before 1500'
    client
    say 'one\n'
    PATIENCE=5000 ends client 1
    : >"$room/left"
    peer_done
    complains client '^client: no answer to line 1$'
}

# bats test_tags=exercise
@test "answer or give up: a line that fits no datagram with its number is status 1" {
    about 'Exercise: answer or give up' 'The number and the space take room: of
65,507 bytes, 65,505 are left for line 1.'
    local line
    line=$(printf '%065505d' 0)
    server
    client 127.0.0.1 "$port" 4
    say "$line"
    hang_up
    ends client 0
    prints "$line"
    client 127.0.0.1 "$port" 4
    say "${line}0"
    hang_up
    ends client 1
    complains client 'Message too (long|large)'
}

# bats test_tags=exercise
@test "answer or give up: TRIES is a number above 0, and the last argument" {
    about 'Exercise: answer or give up' 'Anything else is bad usage, status 2.'
    server
    client 127.0.0.1 "$port" 4
    say 'hello\n'
    hang_up
    ends client 0
    refuses client 127.0.0.1 9999 0
    refuses client 127.0.0.1 9999 -1
    refuses client 127.0.0.1 9999 ''
    refuses client 127.0.0.1 9999 3x
    refuses client 127.0.0.1 9999 3 more
}
