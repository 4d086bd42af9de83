#!/usr/bin/env bats
# Lesson 02: what the dialogue promises, then what "exit, however it arrives"
# asks.

load harness

# What a server answers to a text, escapes and all.
capitals() {
    local text=${1^^}
    text=${text//\\N/\\n}
    printf %s "${text//\\R/\\r}"
}

# ---- the lesson: the server ----------------------------------------------

# bats test_tags=lesson,server
@test "the server answers what arrives as it arrives, until the client leaves" {
    about 'How it works' 'One recv is one delivery, whole lines or not. The loop
goes on until recv gives 0.'
    server
    play "c open $port" 'c send hello\n' 'c get HELLO\n' 'c send ag' 'c get AG' \
        'c send ain\nand' 'c get AIN\nAND' 'c send \n' 'c get \n' 'c close'
    ends server 0
}

# bats test_tags=lesson,server
@test "only the letters a to z change, and a UTF-8 character may come in two parts" {
    about 'Break it' 'The answer to every byte is one byte, NUL included: no
string ends where the data ends.'
    server
    play "c open $port" 'c all' 'c send \xc3' 'c get \xc3' 'c send \xa9a' \
        'c get \xa9A' 'c send a\0b{z`@' 'c get A\0B{Z`@'
}

# bats test_tags=lesson,server
@test "all is answered to a client that half-closes, then the connection ends" {
    about 'How it works' 'recv gives 0 when the client will send no more. It
may still be waiting for answers.'
    server
    ask 'one\ntwo\nno newline'
    expect 'ONE\nTWO\nNO NEWLINE'
    ends server 0
}

# bats test_tags=lesson,server
@test "a client that sends without reading gets every answer, once it reads" {
    about 'How it works' 'send may take fewer bytes than it was given: when
the program is stopped and goes on, for one. What is left is still due.'
    server
    play "c open $port" 'c pour 67108864' 'x signal STOP' 'x signal CONT' \
        'c drain' 'c pour 67108864' 'x signal STOP' 'x signal CONT' 'c drain' \
        'c send still here\n' 'c get STILL HERE\n'
}

# bats test_tags=lesson,server
@test "a client that leaves or resets, whenever it does, ends the server with status 0" {
    about 'Break it' 'recv gives 0 when the client leaves, and -1 when it
resets: this client is done, and so is the server. Neither is its failure.'
    server
    play "c open $port" 'c close'
    ends server 0
    server
    play "c open $port" 'c reset'
    ends server 0
    server
    play "c open $port" 'c send hello\n' 'c get HELLO\n' 'x signal STOP' \
        'c send more\n' 'c reset' 'x signal CONT'
    ends server 0
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
        'c close' 'x signal CONT'
    ends server 0
}

# bats test_tags=lesson,server
@test "a server that was killed can be started again on its port at once" {
    about 'How it works' 'SO_REUSEADDR, before bind: the last connection
still holds the port for a minute (TIME_WAIT).'
    server
    play "c open $port" 'c send hello\n' 'c get HELLO\n' 'x signal TERM' \
        'c end' 'c close'
    ends server 143
    server "$port"
    ask 'again\n'
    expect 'AGAIN\n'
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

# ---- the lesson: the client ----------------------------------------------

# bats test_tags=lesson
@test "the client prints each answer before the next line is typed" {
    about 'Run it' 'A dialogue: send a line, print its answer, and only then
read the next line. Standard output holds back what is not flushed.'
    server
    client
    say 'hello\n'
    prints 'HELLO\n'
    say 'Grüße\n'
    prints 'HELLO\nGRüßE\n'
    hang_up
    ends client 0
    ends server 0
}

# bats test_tags=lesson,client
@test "an answer that comes in pieces is awaited whole before the next line goes" {
    about 'How it works' 'One recv may bring a part: the answer has as many
bytes as the line, so go on until all of them are here.'
    peer 's listener' 'c accept s' 'c get one\n' 'c send O' \
        'c quiet 20' 'c slowly NE\n' 'c get two\n' 'c send TWO\n' 'c end'
    client
    say 'one\ntwo\n'
    hang_up
    ends client 0
    peer_done
    prints 'ONE\nTWO\n'
}

# bats test_tags=lesson,client
@test "empty lines are not sent; the end of the input is status 0" {
    about 'Break it' 'A message of no bytes is no message: both sides would
wait for the other. And at its end, getline must not be asked for ever.'
    peer 's listener' 'c accept s' 'c get hello\n' 'c send HELLO\n' \
        'c get bye\n' 'c send BYE\n' 'c end'
    client
    say '\n\nhello\n\n\nbye\n\n'
    hang_up
    ends client 0
    peer_done
    prints 'HELLO\nBYE\n'
}

# bats test_tags=lesson,client
@test "the line exit is sent and answered, then the client leaves" {
    about 'Run it' 'The word is a line like any other, and the last one.'
    peer 's listener' 'c accept s' 'c get exit now\n' 'c send EXIT NOW\n' \
        'c get exi\n' 'c send EXI\n' 'c get exit\n' 'c send EXIT\n' 'c end'
    client
    say 'exit now\nexi\nexit\nmore\n'
    ends client 0
    peer_done
    prints 'EXIT NOW\nEXI\nEXIT\n'
}

# bats test_tags=lesson,client
@test "a last line without a newline goes without one, and is answered" {
    about 'How it works' 'The answer has as many bytes as the line: it ends
there, newline or none.'
    peer 's listener' 'c accept s' 'c get one\n' 'c send ONE\n' \
        'c get x' 'c send X' 'c end'
    client
    say 'one\nx'
    hang_up
    ends client 0
    peer_done
    prints 'ONE\nX'
}

# bats test_tags=lesson,client
@test "bytes that are no text pass through the client, NUL too" {
    about 'How it works' 'getline returns how long the line is; strlen would
stop at the first NUL.'
    peer 's listener' 'c accept s' 'c get a\0b\xff\0\n' \
        'c send A\0B\xff\0\n' 'c get \0\n' 'c send \0\n' 'c end'
    client
    say 'a\0b\xff\0\n\0\n'
    hang_up
    ends client 0
    peer_done
    prints 'A\0B\xff\0\n\0\n'
}

# bats test_tags=lesson
@test "a line that no buffer holds goes through whole, and neither side waits for ever" {
    about 'How it works' 'If all of it is sent before any answer is read, both
sides end up sending, and nobody reads: send and receive by turns. Or the server
keeps its answers back until a newline.'
    server
    client
    many a >&"$writer" || fail 'The client reads no more of its input.'
    say '\nbye\n'
    hang_up
    finishes client 0
    printed <(many A; printf '\nBYE\n')
}

# bats test_tags=lesson
@test "a hundred lines of 5,000 letters do not wait for acknowledgements" {
    about 'Break it' 'Without TCP_NODELAY, the second piece of an answer waits
40 ms until the first is acknowledged. A hundred lines then take four seconds.'
    server
    client
    yes "$(printf '%05000d' 0)" | head -n 100 >"$room/lines"
    cat "$room/lines" 1>&"$writer" 2>/dev/null 3>&- 4>&- &
    hang_up
    ends client 0
    "$DRIVER" compare "$room/lines" "$room/client.out" ||
        fail 'The answer is another one.'
}

# bats test_tags=lesson,client
@test "a connection that is refused makes the client's status 1, before it reads" {
    about 'Break it' 'connect says "Connection refused" when nobody listens.'
    peer 's bind' "s until $room/done"
    client
    ends client 1
    touch "$room/done"
    peer_done
}

# bats test_tags=lesson,client
@test "a server that leaves before the whole answer makes the client's status 1" {
    about 'How it works' 'recv gave 0, and bytes were still due: the answer is
not whole.'
    peer 's listener' 'c accept s' 'c get hello\n' 'c send HEL' 'c close'
    client
    say 'hello\n'
    ends client 1
    peer_done
}

# bats test_tags=lesson,client
@test "a server that has left, when nothing is unanswered, is no failure" {
    about 'How it works' 'Every line has its answer, and the input is at its
end: the dialogue is complete.'
    peer 's listener' 'c accept s' 'c get hello\n' 'c send HELLO\n' 'c close'
    client
    say 'hello\n'
    prints 'HELLO\n'
    peer_done
    hang_up
    ends client 0
}

# bats test_tags=lesson,client
@test "a line for a server that has left is status 1, not death by SIGPIPE" {
    about 'Break it' 'To send to a server that is gone raises SIGPIPE, which
ends the program without a word, unless send is told MSG_NOSIGNAL.'
    peer 's listener' 'c accept s' 'c close'
    client
    peer_done
    head -c 300000 /dev/zero | tr '\0' a >&"$writer" || true
    hang_up
    ends client 1
    peer 's listener' 'c accept s' 'c get hello\n' 'c send HELLO\n' \
        "c until $room/answered" 'c finish' 'c reset'
    client
    say 'hello\n'
    prints 'HELLO\n'
    touch "$room/answered"
    peer_done
    say 'again\n'
    ends client 1
}

# bats test_tags=lesson,client
@test "the client refuses a host that is no address, and a port that is none" {
    about 'Run it' 'HOST is an IPv4 address in numbers; names come later.'
    refuses client localhost
    refuses client 127.0.0.1 0
    refuses client 127.0.0.1 65536
    refuses client 127.0.0.1 80x
    refuses client 127.0.0.1 9999 more
}

# ---- the exercise: exit, however it arrives ------------------------------

# bats test_tags=exercise
@test "exit: the server answers that line, and ends the dialogue with status 0" {
    about 'Exercise: exit, however it arrives' 'The client says exit and stays:
it is the server that closes.'
    server
    by_hand='nc 127.0.0.1 9999    (type: hello, exit)'
    play "c open $port" 'c send hello\n' 'c get HELLO\n' 'c send exit\n' \
        'c get EXIT\n' 'c end' 'c close'
    ends server 0
}

# bats test_tags=exercise
@test "exit: the line may end in carriage return and newline" {
    about 'Exercise: exit, however it arrives' 'Two endings are meant: a newline, and
a carriage return with a newline behind it.'
    server
    by_hand='nc -C 127.0.0.1 9999    (type: exit)'
    play "c open $port" 'c send exit\r\n' 'c get EXIT\r\n' 'c end' 'c close'
    ends server 0
    about 'Exercise: exit, however it arrives' 'The carriage return and the newline may
come in two deliveries. Each is answered when it comes.'
    server
    play "c open $port" 'c send a\nexit' 'c get A\nEXIT' 'c send \r' 'c get \r' \
        'c send \nmore\n' 'c get \n' 'c end' 'c close'
    ends server 0
    server
    ask 'a\n\nexit\r\nexit\n'
    expect 'A\n\nEXIT\r\n'
    ends server 0
}

# bats test_tags=exercise
@test "exit: what comes before it in one delivery is answered, what follows is not" {
    about 'Exercise: exit, however it arrives' 'One recv may bring many lines.
Look at each of them, answer up to the newline of exit, and no byte more.'
    server
    ask 'hello\nexit\nmore\n'
    expect 'HELLO\nEXIT\n'
    ends server 0
    server
    ask 'a\n\nexit\nexit\n'
    expect 'A\n\nEXIT\n'
    ends server 0
}

# bats test_tags=exercise
@test "exit: it counts when its bytes come one by one" {
    about 'Exercise: exit, however it arrives' 'recv brings what has arrived, be
it a part of the line: remember, from one to the next, what the line has begun with.'
    server
    play "c open $port" 'c slowly hello\nexit\n' 'c get HELLO\nEXIT\n' 'c end'
}

# bats test_tags=exercise
@test "exit: it counts wherever the line is cut in two" {
    about 'Exercise: exit, however it arrives' 'A line may begin in one delivery
and end in another, with lines before and behind it.'
    local cut heads=(a 'a\n' 'a\ne' 'a\nex' 'a\nexi' 'a\nexit')
    local tails=('\nexit\n' 'exit\n' 'xit\n' 'it\n' 't\n' '\n')
    for cut in "${!heads[@]}"; do
        server
        play "c open $port" "c send ${heads[cut]}" "c get $(capitals "${heads[cut]}")" \
            "c send ${tails[cut]}more\n" "c get $(capitals "${tails[cut]}")" 'c end'
    done
}

# bats test_tags=exercise
@test "exit: other lines are no exit: exit now, xexit, Exit and the like" {
    about 'Exercise: exit, however it arrives' 'The whole line is exit, from its
first byte to its newline, in small letters.'
    local line steps=()
    for line in 'exit now' ' exit' xexit Exit EXIT 'exit ' exits exi exitexit 'ex\nit' \
        'exit\0' '\0exit' 'exit\rx' 'exit\r\r' '\rexit' 'e\0xit' ''; do
        # The next line comes with it: its answer shows that the dialogue goes on.
        steps+=("c send $line\nok\n" "c get $(capitals "$line")\nOK\n")
    done
    server
    play "c open $port" "${steps[@]}" 'c send exit\n' 'c get EXIT\n' 'c end'
}

# bats test_tags=exercise
@test "exit: lines that only resemble it do not end the dialogue, in pieces either" {
    about 'Exercise: exit, however it arrives' 'What a delivery begins with may
be the rest of a line: only a newline starts a new one.'
    server
    play "c open $port" 'c send x' 'c get X' 'c send exit\nok\n' 'c get EXIT\nOK\n' \
        'c send exit' 'c get EXIT' 'c send  now\nok\n' 'c get  NOW\nOK\n' \
        'c send hello ' 'c get HELLO ' 'c send exit\r\nok\n' 'c get EXIT\r\nOK\n' \
        'c send exit' 'c get EXIT' 'c send exit\nok\n' 'c get EXIT\nOK\n' \
        'c send exit\r' 'c get EXIT\r' 'c send x\nok\n' 'c get X\nOK\n' \
        'c send exit\n' 'c get EXIT\n' 'c end'
}

# bats test_tags=exercise
@test "exit: everything is answered as it arrives, without waiting for a newline" {
    about 'Exercise: exit, however it arrives' 'Nothing may be held back until
the line is whole: keep in mind what it was, and answer at once.'
    server
    play "c open $port" 'c send ex' 'c get EX' 'c send ample\n' 'c get AMPLE\n' \
        'c send hel' 'c get HEL' 'c send lo\ne' 'c get LO\nE' \
        'c send xi' 'c get XI' 'c send t' 'c get T' 'c send \n' 'c get \n' 'c end'
}

# bats test_tags=exercise
@test "exit: it counts behind lines that are longer than any buffer" {
    about 'Exercise: exit, however it arrives' 'A line has no greatest length,
and the buffer may end in the middle of exit.'
    local long size steps=()
    long=$(printf '%04096d' 0)
    # A place for the line that is full, and begins again, would find exit.
    for size in 16 32 64 100 127 128 255 256 512 1000 1023 1024 2048 4095 4096; do
        steps+=("c send ${long:0:size}exit\nok\n" "c get ${long:0:size}EXIT\nOK\n")
    done
    server
    play "c open $port" "${steps[@]}" "c send $long" "c get $long" \
        "c send $long" "c get $long" 'c send exit\nok\n' 'c get EXIT\nOK\n' \
        "c send ${long:2}\nexit\nmore\n" "c get ${long:2}\nEXIT\n" 'c end' 'c close'
    ends server 0
    server
    play "c open $port" 'c echo 2097152' 'c send \nexit\n' 'c get \nEXIT\n' 'c end'
}

# bats test_tags=exercise
@test "exit: much that follows it does not destroy the answer" {
    about 'Exercise: exit, however it arrives' 'To close with bytes unread makes
a reset, which can destroy the answer: half-close, and read until the client has gone.'
    local much
    much=$(printf '%08000d' 0)
    server
    play "c open $port" 'x signal STOP' "c send exit\n$much" \
        "c send $much" "c send $much" "c send $much" "c send $much" \
        "c send $much" "c send $much" "c send $much" "c send $much" \
        'x signal CONT' 'c get EXIT\n' 'c end' 'c close'
    ends server 0
}

# bats test_tags=exercise
@test "exit: the server reads until the client has gone, however it goes" {
    about 'Exercise: exit, however it arrives' 'Half-close (SHUT_WR), and read until recv
gives 0 or fails. What the client still says is welcome, and its reset is no failure.'
    server
    play "c open $port" 'c send exit\n' 'c get EXIT\n' 'c end' \
        'c slowly There is more to say, and more; the server hears all of it.\n' \
        'c close'
    ends server 0
    server
    play "c open $port" 'c send exit\nmore\n' 'c get EXIT\n' 'c end' 'c reset'
    ends server 0
}

# bats test_tags=exercise
@test "exit: the dialogue ends at that line, or else where the client ends it" {
    about 'Exercise: exit, however it arrives' 'The line exit ends the dialogue:
nothing that follows it is answered.'
    server
    ask 'hello\nexit\nmore\n'
    expect 'HELLO\nEXIT\n'
    ends server 0
    about 'Exercise: exit, however it arrives' 'exit without a newline is not
that line: it is answered, and the client may go on.'
    server
    ask 'exit now\nexit'
    expect 'EXIT NOW\nEXIT'
    ends server 0
    server
    play "c open $port" 'c send hello' 'c get HELLO' 'c reset'
    ends server 0
}
